/* config_key: the one table of what can be configured. File, environment,
 * flags, help and the printed config all grow from it; a new key is a new row.
 *
 * Owner:   the table is static.
 * Thread:  any; nothing changes.
 * Limits:  each row says its own.
 * Failure: a look-up gives NULL.
 */
#ifndef PEAL_CONFIG_KEY_H
#define PEAL_CONFIG_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spelling.h"

struct config_type;

/* What a text must look like beyond being a text. */
struct config_form {
    const char *expected; /* "an origin like https://example.com" */
    bool (*is_valid)(const char *text);
};

struct config_key {
    const char *name; /* its path in the file, joined by dots */
    const struct config_type *type;
    size_t offset;       /* of the field */
    const char *value;   /* the default, as the environment has it, or NULL */
    uint64_t min;        /* of a number; how long a text or list must be */
    uint64_t max;        /* of a number */
    const char *choices; /* "text|json", numbered from 0; or NULL */
    const struct config_form *form; /* of a text or a list's items; or NULL */
    bool secret;                    /* never printed, never a flag */
    bool reloads;                   /* SIGHUP changes it */
    const char *help;
};

/* A table of keys that belong to one struct. */
struct config_keys {
    const struct config_key *items;
    size_t count;
};

/* The keys of struct config, in the order of the example file. */
extern const struct config_keys config_keys;

/* The key of that exact name, or NULL. */
const struct config_key *config_key_find(const struct config_keys *keys,
                                         const char *name);

/* Whether `name` is the first part of dotted names, like "limits". */
bool config_key_is_section(const char *name);

/* Proposes the names of all keys. */
void config_key_offer(const struct config_keys *keys,
                      struct spelling *spelling);

/* Proposes "limits" and the like. */
void config_key_offer_sections(struct spelling *spelling);

/* How the key is called in the environment: PEAL_ and the name in capitals.
 * Cut at `size`. */
void config_key_environment_name(const struct config_key *key, char *out,
                                 size_t size);

/* The field of the struct that the key is about. */
static inline void *config_key_field(const struct config_key *key, void *base)
{
    return (char *)base + key->offset;
}

static inline const void *config_key_field_of(const struct config_key *key,
                                              const void *base)
{
    return (const char *)base + key->offset;
}

#endif
