/* handed_check: checks the sockets passed to the process, which override the
 * addresses in the config, against the config's requirements.
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

/* Logs sockets whose addresses differ from the config. */
bool handed_check(const struct config *config, const struct handed *handed,
                  struct error *error);

#endif
