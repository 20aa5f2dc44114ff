/* The types of config_value.h that hold no memory. */
#include <string.h>

#include "config/config_value.h"

/* bool */

static bool bool_from_text(const struct config_key *key, const char *text,
                           void *field, struct error *why)
{
    (void)key, (void)why;
    bool on = strcmp(text, "true") == 0;
    if (!on && strcmp(text, "false") != 0)
        return false;
    *(bool *)field = on;
    return true;
}

static bool bool_from_json(const struct config_key *key,
                           const struct json *json, void *field,
                           struct error *why)
{
    (void)key, (void)why;
    if (json_type_of(json) != JSON_BOOL)
        return false;
    *(bool *)field = json_bool(json);
    return true;
}

static void expect_bool(const struct config_key *key, struct buffer *out)
{
    (void)key;
    buffer_append_text(out, "true or false");
}

static void print_bool(const struct config_key *key, const void *field,
                       struct buffer *out)
{
    (void)key;
    buffer_append_text(out, *(const bool *)field ? "true" : "false");
}

static void clear_bool(void *field)
{
    *(bool *)field = false;
}

const struct config_type config_value_bool = {
    "",         bool_from_text, bool_from_json, expect_bool,
    print_bool, clear_bool,     NULL,           HOLDS_BOOL,
};

/* whole numbers */

static bool set_number(const struct config_key *key, uint64_t number,
                       void *field)
{
    if (number < key->min || number > key->max)
        return false;
    if (key->type == &config_value_uint64)
        *(uint64_t *)field = number;
    else
        *(uint32_t *)field = (uint32_t)number;
    return true;
}

static bool number_from_text(const struct config_key *key, const char *text,
                             void *field, struct error *why)
{
    (void)why;
    uint64_t number;
    return json_decode_uint(bytes_of(text), &number) &&
           set_number(key, number, field);
}

static bool number_from_json(const struct config_key *key,
                             const struct json *json, void *field,
                             struct error *why)
{
    (void)why;
    if (json_type_of(json) != JSON_NUMBER)
        return false;
    double number = json_number(json);
    bool fits = number >= (double)key->min && number <= (double)key->max;
    if (!fits || number != (double)(uint64_t)number)
        return false;
    return set_number(key, (uint64_t)number, field);
}

static void expect_number(const struct config_key *key, struct buffer *out)
{
    buffer_append_format(out, "a whole number from %llu to %llu",
                         (unsigned long long)key->min,
                         (unsigned long long)key->max);
}

static void print_uint32(const struct config_key *key, const void *field,
                         struct buffer *out)
{
    (void)key;
    buffer_append_uint(out, *(const uint32_t *)field);
}

static void print_uint64(const struct config_key *key, const void *field,
                         struct buffer *out)
{
    (void)key;
    buffer_append_uint(out, *(const uint64_t *)field);
}

static void clear_uint32(void *field)
{
    *(uint32_t *)field = 0;
}

static void clear_uint64(void *field)
{
    *(uint64_t *)field = 0;
}

const struct config_type config_value_uint32 = {
    "NUMBER",      number_from_text, number_from_json,
    expect_number, print_uint32,     clear_uint32,
    NULL,          HOLDS_UINT32,
};

const struct config_type config_value_uint64 = {
    "NUMBER",      number_from_text, number_from_json,
    expect_number, print_uint64,     clear_uint64,
    NULL,          HOLDS_UINT64,
};

/* one of several words */

/* The number of `text` among the key's choices, or -1. */
int config_value_find_choice(const struct config_key *key, const char *text)
{
    size_t len = strlen(text);
    const char *at = key->choices;
    for (int number = 0;; number++) {
        size_t choice_len = strcspn(at, "|");
        if (choice_len == len && memcmp(at, text, len) == 0)
            return number;
        if (!at[choice_len])
            return -1;
        at += choice_len + 1;
    }
}

void config_value_append_choices(const struct config_key *key,
                                 struct buffer *out)
{
    for (const char *at = key->choices; *at; at++) {
        if (*at == '|')
            buffer_append_text(out, ", ");
        else
            buffer_append_char(out, *at);
    }
}

static bool choice_from_text(const struct config_key *key, const char *text,
                             void *field, struct error *why)
{
    (void)why;
    int choice = config_value_find_choice(key, text);
    if (choice < 0)
        return false;
    *(unsigned *)field = (unsigned)choice;
    return true;
}

static bool choice_from_json(const struct config_key *key,
                             const struct json *json, void *field,
                             struct error *why)
{
    return json_type_of(json) == JSON_STRING &&
           choice_from_text(key, json_text(json), field, why);
}

static void expect_choice(const struct config_key *key, struct buffer *out)
{
    buffer_append_text(out, "one of ");
    config_value_append_choices(key, out);
}

static void print_choice(const struct config_key *key, const void *field,
                         struct buffer *out)
{
    const char *at = key->choices;
    for (unsigned skip = *(const unsigned *)field; skip; skip--)
        at += strcspn(at, "|") + 1;
    struct bytes choice = {at, strcspn(at, "|")};
    buffer_append_json_string(out, choice);
}

const struct config_type config_value_choice = {
    "WORD",        choice_from_text, choice_from_json,
    expect_choice, print_choice,     clear_uint32,
    NULL,          HOLDS_UINT32,
};
