/* config_origin: the source of each config value: a file, a variable, a flag.
 *
 * Owner:   the config owns the texts.
 * Thread:  one at a time; immutable once loaded.
 * Limits:  none.
 * Failure: none.
 */
#ifndef PEAL_CONFIG_ORIGIN_H
#define PEAL_CONFIG_ORIGIN_H

#include "config/config.h"
#include "config/config_key.h"

/* Copies the text; a later source replaces an earlier one. */
void config_origin_set(struct config *config, const struct config_key *key,
                       const char *origin);

/* "default", unless a source has set the key. */
const char *config_origin_of(const struct config *config,
                             const struct config_key *key);

void config_origin_free(struct config *config);

#endif
