/* config_readable: whether the service's user may read the files that a config
 * names. Root may read anything, so its own look proves nothing.
 *
 * Owner:   nothing is kept.
 * Thread:  the main thread, while it is the only one: a child process looks.
 * Limits:  none.
 * Failure: false, with the key and the file in the error.
 */
#ifndef PEAL_CONFIG_READABLE_H
#define PEAL_CONFIG_READABLE_H

#include "config/config.h"

/* The user of conf/peal.service. */
#define CONFIG_READABLE_USER "peal"

/* Whether that user may read the config's file and all that it names. Only root
 * can find out. `file`: the config's, or NULL. */
bool config_readable_by(const char *user, const char *file,
                        const struct config *config, struct error *error);

/* If we are root and the service's user exists: a warning in place of an
 * error. */
void config_readable_judge(const char *file, struct config *config);

#endif
