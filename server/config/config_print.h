/* config_print: prints the config and its keys for humans.
 *
 * Owner:   the caller owns the buffer.
 * Thread:  any.
 * Limits:  none.
 * Failure: none. Secrets are masked.
 */
#ifndef PEAL_CONFIG_PRINT_H
#define PEAL_CONFIG_PRINT_H

#include "base/buffer.h"
#include "config/config.h"

/* Appends the config as a JSON file that can be loaded. */
void config_print(const struct config *config, struct buffer *out);

/* Appends each key on its own line, with its value and source. */
void config_print_origins(const struct config *config, struct buffer *out);

/* Appends each key as a flag, with its default and help. */
void config_print_help(struct buffer *out);

/* The same for the keys with these names; one that ends in a dot stands for all
 * keys with that prefix. NULL-terminated. */
void config_print_help_about(const char *const *names, struct buffer *out);

/* Appends `text` in lines of at most 80 columns, each after `indent`. */
void config_print_wrapped(const char *text, const char *indent,
                          struct buffer *out);

#endif
