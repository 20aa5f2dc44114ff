/* config_reload: a config read again while the server runs: what may change,
 * and what is told about it.
 *
 * Owner:   everything is the caller's.
 * Thread:  the main thread; the limits are read by others meanwhile.
 * Limits:  the keys that are marked in the table (`reloads`).
 * Failure: false and why; nothing was changed then.
 */
#ifndef PEAL_CONFIG_RELOAD_H
#define PEAL_CONFIG_RELOAD_H

#include "config/config.h"

/* Whether the fresh config may be taken over where the running one listens:
 * without auth nobody else may reach us. */
bool config_reload_is_safe(const struct config *running,
                           const struct config *fresh, struct error *error);

/* Sets those limits that a reload may change. */
void config_reload_limits(struct messaging_options *options,
                          const struct config *fresh);

/* Logs which keys have changed since `before`, and which differ from what was
 * there at the start but need a restart. */
void config_reload_tell(const struct config *started,
                        const struct config *before,
                        const struct config *fresh);

/* What holds for the whole process: the log, and the config's hash. */
void config_reload_use(const struct config *fresh);

/* The same on every instance whose config is the same, but for secrets. From
 * any thread. */
uint64_t config_reload_hash(void);

#endif
