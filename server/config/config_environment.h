/* config_environment: reads config keys from the environment.
 *
 * PEAL_LIMITS_CHANNELS is limits.channels. PEAL_LIMITS_CHANNELS_FILE names a
 * file with its value, as container platforms provide secrets. Variables that
 * Kubernetes or Docker set for a service named "peal" are ignored.
 *
 * Owner:   the environment is borrowed for the call.
 * Thread:  the main thread.
 * Limits:  a file is at most 1 MiB.
 * Failure: false, with the variable and what is wrong with it.
 */
#ifndef PEAL_CONFIG_ENVIRONMENT_H
#define PEAL_CONFIG_ENVIRONMENT_H

#include "config/config.h"

/* `environment` is like environ, or NULL. */
bool config_environment_read(char *const *environment, struct config *config,
                             struct error *error);

#endif
