/* The type of config_value.h for capabilities: checked, and kept as JSON text
 * so that it can be printed. */
#include <stdlib.h>

#include "base/memory.h"
#include "config/config_value.h"
#include "messaging/identity.h"

static void append_json(struct buffer *out, const struct json *json);

static void append_children(struct buffer *out, const struct json *container)
{
    bool object = json_type_of(container) == JSON_OBJECT;
    buffer_append_char(out, object ? '{' : '[');
    for (const struct json *child = json_first(container); child;
         child = json_next(child)) {
        buffer_append_text(out, child == json_first(container) ? "" : ", ");
        if (object) {
            buffer_append_json_string(out, bytes_of(json_name(child)));
            buffer_append_text(out, ": ");
        }
        append_json(out, child);
    }
    buffer_append_char(out, object ? '}' : ']');
}

/* Appends a whole tree as JSON again, on one line. */
static void append_json(struct buffer *out, const struct json *json)
{
    switch (json_type_of(json)) {
    case JSON_NULL:
        buffer_append_text(out, "null");
        break;
    case JSON_BOOL:
        buffer_append_text(out, json_bool(json) ? "true" : "false");
        break;
    case JSON_NUMBER:
        buffer_append_format(out, "%.15g", json_number(json));
        break;
    case JSON_STRING:
        buffer_append_json_string(out, bytes_of(json_text(json)));
        break;
    case JSON_ARRAY:
    case JSON_OBJECT:
        append_children(out, json);
        break;
    }
}

static void clear_caps(void *field)
{
    free(*(char **)field);
    *(char **)field = NULL;
}

static bool caps_from_json(const struct config_key *key,
                           const struct json *json, void *field,
                           struct error *why)
{
    (void)key;
    struct caps *caps = caps_parse(json, why);
    if (!caps)
        return false;
    caps_unref(caps);
    if (!caps_check_members(json, why))
        return false;

    struct buffer text = {0};
    append_json(&text, json);
    clear_caps(field);
    *(char **)field = memory_copy_text(text.data, text.len);
    buffer_deinit(&text);
    return true;
}

static void expect_caps(const struct config_key *key, struct buffer *out)
{
    (void)key;
    buffer_append_text(out, "a list of rules");
}

static void print_caps(const struct config_key *key, const void *field,
                       struct buffer *out)
{
    (void)key;
    buffer_append_text(out, *(char *const *)field);
}

const struct config_type config_value_caps = {
    "JSON",         config_value_parse_text,
    caps_from_json, expect_caps,
    print_caps,     clear_caps,
    NULL,           HOLDS_TEXT,
};
