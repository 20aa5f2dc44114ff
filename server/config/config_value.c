#include "config/config_value.h"

#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"

enum { SHOWN_MAX = 64 }; /* of a wrong value, in an error */

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
void config_value_append_shown(struct buffer *out, const char *text)
{
    size_t len = strnlen(text, SHOWN_MAX);
    while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
        len--;
    buffer_append_json_string(out, (struct bytes){text, len});
    buffer_append_text(out, text[len] ? "..." : "");
}

void config_value_append_got(struct buffer *out, const struct json *json)
{
    enum json_type type = json_type_of(json);
    if (type == JSON_STRING)
        config_value_append_shown(out, json_text(json));
    else if (type == JSON_NUMBER)
        buffer_append_format(out, "%.15g", json_number(json));
    else if (type == JSON_BOOL)
        buffer_append_text(out, json_bool(json) ? "true" : "false");
    else
        buffer_append_text(out, json_type_name(type));
}

void config_value_append_fault(const struct config_key *key, const char *text,
                               struct buffer *out)
{
    const char *fault =
        text && key->form && key->form->fault ? key->form->fault(text) : NULL;
    if (fault)
        buffer_append_format(out, "; %s", fault);
}

/* `text` or `json` is the given value; both NULL: none. */
static bool refuse(const struct config_key *key, const char *text,
                   const struct json *json, struct error *error)
{
    struct buffer words = {0};
    buffer_append_text(&words, "expected ");
    key->type->expect(key, &words);
    if (!key->secret) {
        buffer_append_text(&words, ", got ");
        if (text)
            config_value_append_shown(&words, text);
        else if (json)
            config_value_append_got(&words, json);
        else
            buffer_append_text(&words, "nothing");
        if (json && json_type_of(json) == JSON_STRING)
            text = json_text(json);
        config_value_append_fault(key, text, &words);
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
    if (text && !utf8_is_valid(bytes_of(text)))
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
    if (!json_is_given(json)) { /* the default, which may be NULL */
        if (!key->value)
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
    PANIC_IF(key->holds != key->type->holds);
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
