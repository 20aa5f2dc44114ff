/* config_value: the types of keys: reading and printing of values.
 *
 * Owner:   a field owns its memory; config_value_clear frees it.
 * Thread:  one at a time.
 * Limits:  the key's range, choices and form.
 * Failure: false, and "expected this, got that"; the field is unchanged.
 */
#ifndef PEAL_CONFIG_VALUE_H
#define PEAL_CONFIG_VALUE_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/json.h"
#include "config/config_key.h"

/* If a reader leaves `why` empty, it becomes "expected ..., got ...". */
struct config_type {
    const char *placeholder; /* in the help: NUMBER */
    bool (*from_text)(const struct config_key *key, const char *text,
                      void *field, struct error *why);
    bool (*from_json)(const struct config_key *key, const struct json *json,
                      void *field, struct error *why);
    void (*expect)(const struct config_key *key, struct buffer *out);
    void (*print)(const struct config_key *key, const void *field,
                  struct buffer *out); /* as JSON */
    void (*clear)(void *field);
    const struct config_keys *members; /* of an object in its list; or NULL */
    enum config_holds holds;
};

extern const struct config_type config_value_bool;   /* bool */
extern const struct config_type config_value_uint32; /* uint32_t */
extern const struct config_type config_value_uint64; /* uint64_t */
extern const struct config_type config_value_choice; /* an enum */
extern const struct config_type config_value_text;   /* char * */
extern const struct config_type config_value_list;   /* struct text_list */
extern const struct config_type config_value_caps;   /* char *: their JSON */
extern const struct config_type config_value_channels;
extern const struct config_type config_value_api_keys;
extern const struct config_type config_value_pusher_apps;

/* Sets the key's field in `base` from a text of the environment or a flag. NULL
 * stands for a flag without a value. */
bool config_value_from_text(const struct config_key *key, const char *text,
                            void *base, struct error *error);

/* The same from a file. */
bool config_value_from_json(const struct config_key *key,
                            const struct json *json, void *base,
                            struct error *error);

/* Sets the key's default; an invalid default is a bug. */
void config_value_set_default(const struct config_key *key, void *base);

/* Appends the value as JSON; a secret as CONFIG_VALUE_MASK. */
void config_value_print(const struct config_key *key, const void *base,
                        struct buffer *out);

void config_value_clear(const struct config_key *key, void *base);

/* Appends an unexpected value as shown in errors: the first bytes of a text. */
void config_value_append_shown(struct buffer *out, const char *text);
void config_value_append_got(struct buffer *out, const struct json *json);

/* Appends the reason from the key's form: "; an origin has no path". */
void config_value_append_fault(const struct config_key *key, const char *text,
                               struct buffer *out);

/* The number of `text` among the key's choices, or -1. */
int config_value_find_choice(const struct config_key *key, const char *text);

/* "text, json" */
void config_value_append_choices(const struct config_key *key,
                                 struct buffer *out);

/* A type's from_text when the text is JSON. */
bool config_value_parse_text(const struct config_key *key, const char *text,
                             void *field, struct error *why);

/* Printed instead of a secret. */
#define CONFIG_VALUE_MASK "***"

#endif
