/* announce: what is said when the server begins to listen: a line in the log,
 * and to whoever tries it out, where to look.
 *
 * Owner:   nothing.
 * Thread:  the main thread.
 * Limits:  none.
 * Failure: none.
 */
#ifndef PEAL_ANNOUNCE_H
#define PEAL_ANNOUNCE_H

#include "config/config.h"
#include "net/net.h"

void announce(const struct config *config, const struct net *net,
              bool has_auth);

#endif
