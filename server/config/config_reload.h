/* config_reload: applies a config that was reread while the server runs: which
 * keys may change, and what is logged.
 *
 * Owner:   the caller.
 * Thread:  the main thread; other threads read the limits concurrently.
 * Limits:  the keys marked `reloads` in the table.
 * Failure: false and the reason; nothing has changed.
 */
#ifndef PEAL_CONFIG_RELOAD_H
#define PEAL_CONFIG_RELOAD_H

#include "config/config.h"

/* Whether the new config may be used with the current listeners: without
 * authentication, the server must not be reachable from other machines. */
bool config_reload_is_safe(const struct config *running,
                           const struct config *fresh, struct error *error);

/* Sets the limits that a reload may change. */
void config_reload_limits(struct messaging_options *options,
                          const struct config *fresh);

/* Logs which keys have changed since `before`, and which changes since the
 * start need a restart. */
void config_reload_tell(const struct config *started,
                        const struct config *before,
                        const struct config *fresh);

/* Applies process-wide settings: the log, and the config's hash. */
void config_reload_use(const struct config *fresh);

/* A hash of the config without secrets, equal on instances with equal configs.
 * Any thread. */
uint64_t config_reload_hash(void);

#endif
