/* config_load: loads a config from its sources. Later sources take precedence:
 * defaults, file, the files of conf.d next to it, environment, flags.
 *
 * Owner:   the caller owns the config.
 * Thread:  the main thread.
 * Limits:  a file is at most 1 MiB.
 * Failure: NULL, with source, key and what was expected in the error.
 */
#ifndef PEAL_CONFIG_LOAD_H
#define PEAL_CONFIG_LOAD_H

#include "config/config.h"

/* Returns an owned config, complete and checked. */
struct config *config_load(const struct config_sources *sources,
                           struct error *error);

/* NULL is ignored. */
void config_free(struct config *config);

#endif
