/* announce: reports that the server listens: in the log, and on stdout for
 * people trying Peal.
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
