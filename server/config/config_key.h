/* config_key: the table of all config keys. File, environment, flags, help and
 * the printed config are derived from it; a new key is a new row.
 *
 * Owner:   the table is static.
 * Thread:  any; nothing changes.
 * Limits:  set per row.
 * Failure: a look-up returns NULL.
 */
#ifndef PEAL_CONFIG_KEY_H
#define PEAL_CONFIG_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/spelling.h"

struct config_type;

/* The valid form of a string value. */
struct config_form {
    const char *expected; /* "an origin like https://example.com" */
    bool (*is_valid)(const char *text);
    const char *plural; /* "origins like ...", of a list; or NULL */
    /* Explains why a value is invalid; NULL, or returns NULL, if there is no
     * specific reason. */
    const char *(*fault)(const char *text);
};

/* The C type of a field, and of the target of a struct config_type. */
enum config_holds {
    HOLDS_BOOL,
    HOLDS_UINT32, /* an enum too */
    HOLDS_UINT64,
    HOLDS_TEXT,
    HOLDS_LIST,
    HOLDS_CHANNELS,
    HOLDS_API_KEYS,
    HOLDS_PUSHER_APPS
};

struct text_list;
struct channel_options_list;
struct api_key_options_list;
struct pusher_app_options_list;

/* Two members of a row: the field's offset and C type. A field of another type
 * does not compile, and a mismatch with the row's type aborts the process at
 * start-up. */
#define CONFIG_FIELD(owner, member)                                            \
    offsetof(owner, member), _Generic(&((owner *)0)->member,                   \
                                      bool *: HOLDS_BOOL,                      \
                                      uint32_t *: HOLDS_UINT32,                \
                                      _Atomic uint32_t *: HOLDS_UINT32,        \
                                      uint64_t *: HOLDS_UINT64,                \
                                      _Atomic uint64_t *: HOLDS_UINT64,        \
                                      char **: HOLDS_TEXT,                     \
                                      struct text_list *: HOLDS_LIST,          \
                                      struct channel_options_list *:           \
                                          HOLDS_CHANNELS,                      \
                                      struct api_key_options_list *:           \
                                          HOLDS_API_KEYS,                      \
                                      struct pusher_app_options_list *:        \
                                          HOLDS_PUSHER_APPS)

struct config_key {
    const char *name; /* its path in the file, joined by dots */
    const struct config_type *type;
    size_t offset; /* of the field */
    enum config_holds holds;
    const char *value;   /* the default, as the environment has it, or NULL */
    uint64_t min;        /* minimum number; minimum length of a text or list */
    uint64_t max;        /* maximum number */
    const char *choices; /* "text|json", numbered from 0; or NULL */
    const struct config_form *form; /* of a text or list items, or NULL */
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

/* Whether an earlier release had the key: it is ignored with a warning. */
bool config_key_is_retired(const char *name);

/* Whether `name` is the first part of dotted names, like "limits". */
bool config_key_is_section(const char *name);

/* Offers the names of all keys. */
void config_key_offer(const struct config_keys *keys,
                      struct spelling *spelling);

/* Offers the names of sections, such as "limits". */
void config_key_offer_sections(struct spelling *spelling);

/* The key's name in the environment: PEAL_ and the name in capitals. Truncated
 * to `size`. */
void config_key_environment_name(const struct config_key *key, char *out,
                                 size_t size);

/* The key's field in the struct. */
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
