/* config_object: a struct with its own key table within one value, such as a
 * rule of `channels`: reads, prints and clears it.
 *
 * Owner:   the fields own their memory; config_object_clear frees it.
 * Thread:  one at a time.
 * Limits:  the keys'.
 * Failure: false, with the key and what was expected.
 */
#ifndef PEAL_CONFIG_OBJECT_H
#define PEAL_CONFIG_OBJECT_H

#include "config/config_value.h"

/* Sets every key's default in a zeroed struct. */
void config_object_set_defaults(const struct config_keys *keys, void *base);

/* Reads an object that must have the first `required` keys. */
bool config_object_read(const struct config_keys *keys, size_t required,
                        const struct json *json, void *base, struct error *why);

/* As JSON on one line. */
void config_object_print(const struct config_keys *keys, const void *base,
                         struct buffer *out);

/* A list of `count` objects of `size` bytes, each on its own line. */
void config_object_print_list(const struct config_keys *keys, const void *items,
                              size_t size, size_t count, struct buffer *out);

void config_object_clear(const struct config_keys *keys, void *base);

#endif
