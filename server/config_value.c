#include "config_value.h"

#include <string.h>

#include "base/memory.h"

enum { SHOWN_MAX = 64 }; /* of a wrong value, in an error */

/* The length of the UTF-8 sequence that starts at `at`, 0 when it is none.
 * The smallest code point a length may hold refuses overlong forms. */
static size_t sequence_len(const unsigned char *at)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (*at < 0x80)
        return 1;
    size_t len = *at >= 0xf0 ? 4 : *at >= 0xe0 ? 3 : 2;
    uint32_t code = *at & (0x7fU >> len);
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (at[i] & 0x3f);
    }
    bool surrogate = code >= 0xd800 && code <= 0xdfff;
    bool valid = *at >= 0xc2 && *at < 0xf8 && code >= smallest[len] &&
                 code <= 0x10ffff && !surrogate;
    return valid ? len : 0;
}

bool config_value_is_utf8(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at) {
        size_t len = sequence_len(at);
        if (!len)
            return false;
        at += len;
    }
    return true;
}

bool config_value_parse_text(const struct config_key *key, const char *text,
                             void *field, struct error *why)
{
    struct error reason;
    struct json *json = json_parse(bytes_of(text), false, &reason);
    bool read = json && key->type->from_json(key, json, field, why);
    json_free(json);
    return read;
}

/* As a JSON string, cut where a character starts. */
static void append_shown(struct buffer *out, const char *text)
{
    size_t len = strnlen(text, SHOWN_MAX);
    while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
        len--;
    buffer_append_json_string(out, (struct bytes){text, len});
    buffer_append_text(out, text[len] ? "..." : "");
}

static void append_got(struct buffer *out, const struct json *json)
{
    enum json_type type = json_type_of(json);
    if (type == JSON_STRING)
        append_shown(out, json_text(json));
    else if (type == JSON_NUMBER)
        buffer_append_format(out, "%.15g", json_number(json));
    else if (type == JSON_BOOL)
        buffer_append_text(out, json_bool(json) ? "true" : "false");
    else
        buffer_append_text(out, json_type_name(type));
}

/* Either of `text` and `json` is what was got; both NULL: nothing. */
static bool refuse(const struct config_key *key, const char *text,
                   const struct json *json, struct error *error)
{
    struct buffer words = {0};
    buffer_append_text(&words, "expected ");
    key->type->expect(key, &words);
    if (!key->secret) {
        buffer_append_text(&words, ", got ");
        if (text)
            append_shown(&words, text);
        else if (json)
            append_got(&words, json);
        else
            buffer_append_text(&words, "nothing");
    }
    error_set(error, "%s", buffer_text(&words));
    buffer_deinit(&words);
    return false;
}

bool config_value_from_text(const struct config_key *key, const char *text,
                            void *base, struct error *error)
{
    if (!text && key->type != &config_value_bool)
        return refuse(key, NULL, NULL, error);
    if (text && !config_value_is_utf8(text))
        return error_set(error, "not valid UTF-8");
    error->text[0] = '\0';
    void *field = config_key_field(key, base);
    if (key->type->from_text(key, text ? text : "true", field, error))
        return true;
    return !error->text[0] ? refuse(key, text, NULL, error) : false;
}

bool config_value_from_json(const struct config_key *key,
                            const struct json *json, void *base,
                            struct error *error)
{
    error->text[0] = '\0';
    void *field = config_key_field(key, base);
    if (!key->value && json_type_of(json) == JSON_NULL) {
        key->type->clear(field);
        return true;
    }
    if (key->type->from_json(key, json, field, error))
        return true;
    return !error->text[0] ? refuse(key, NULL, json, error) : false;
}

void config_value_set_default(const struct config_key *key, void *base)
{
    struct error error;
    if (key->value)
        PANIC_IF(!config_value_from_text(key, key->value, base, &error));
}

void config_value_print(const struct config_key *key, const void *base,
                        struct buffer *out)
{
    const void *field = config_key_field_of(key, base);
    bool none = !key->value && !*(char *const *)field;
    if (none)
        buffer_append_text(out, "null");
    else if (key->secret)
        buffer_append_text(out, "\"" CONFIG_VALUE_MASK "\"");
    else
        key->type->print(key, field, out);
}

void config_value_clear(const struct config_key *key, void *base)
{
    key->type->clear(config_key_field(key, base));
}
