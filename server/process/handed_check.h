/* handed_check: the sockets handed over say where we listen, whatever the
 * config says: what it asks of its host must hold for them.
 *
 * Owner:   nothing.
 * Thread:  the main thread.
 * Limits:  none.
 * Failure: false, and why.
 */
#ifndef PEAL_HANDED_CHECK_H
#define PEAL_HANDED_CHECK_H

#include "config/config.h"
#include "process/handover.h"

/* Logs where they are elsewhere than the config says. */
bool handed_check(const struct config *config, const struct handed *handed,
                  struct error *error);

#endif
