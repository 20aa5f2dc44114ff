/* config_readable: checks that the service's user can read the files that a
 * config names. Root can read everything, so it must check as that user.
 *
 * Owner:   nothing is kept.
 * Thread:  the main thread, while it is the only one: a child process checks.
 * Limits:  none.
 * Failure: false, with the key and the file in the error.
 */
#ifndef PEAL_CONFIG_READABLE_H
#define PEAL_CONFIG_READABLE_H

#include "config/config.h"

/* The user of conf/peal.service. */
#define CONFIG_READABLE_USER "peal"

/* Whether the user can read the config file and all files that it names. Only
 * root can check this. `file`: the config file, or NULL. */
bool config_readable_by(const char *user, const char *file,
                        const struct config *config, struct error *error);

/* The same for the service's user, if it exists and the process is root; adds a
 * warning instead of failing. */
void config_readable_judge(const char *file, struct config *config);

#endif
