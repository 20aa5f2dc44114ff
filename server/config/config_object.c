#include "config/config_object.h"

void config_object_set_defaults(const struct config_keys *keys, void *base)
{
    for (size_t i = 0; i < keys->count; i++)
        config_value_set_default(&keys->items[i], base);
}

static bool refuse_unknown(const struct config_keys *keys, const char *name,
                           struct error *why)
{
    struct spelling spelling = {.wanted = name};
    config_key_offer(keys, &spelling);
    return spelling_refuse(&spelling, "", "key", why);
}

static bool read_member(const struct config_keys *keys,
                        const struct json *member, void *base,
                        struct error *why)
{
    const char *name = json_name(member);
    const struct config_key *key = config_key_find(keys, name);
    if (!key)
        return refuse_unknown(keys, name, why);
    struct error reason;
    if (config_value_from_json(key, member, base, &reason))
        return true;
    return error_set(why, "%s: %.400s", name, reason.text);
}

bool config_object_read(const struct config_keys *keys, size_t required,
                        const struct json *json, void *base, struct error *why)
{
    if (json_type_of(json) != JSON_OBJECT)
        return error_set(why, "expected an object");
    for (size_t i = 0; i < required; i++)
        if (!json_is_given(json_member(json, keys->items[i].name)))
            return error_set(why, "%s is missing", keys->items[i].name);
    for (const struct json *member = json_first(json); member;
         member = json_next(member)) {
        if (json_member(json, json_name(member)) != member)
            return error_set(why, "%.64s: given twice", json_name(member));
        if (!read_member(keys, member, base, why))
            return false;
    }
    return true;
}

void config_object_print(const struct config_keys *keys, const void *base,
                         struct buffer *out)
{
    buffer_append_char(out, '{');
    for (size_t i = 0; i < keys->count; i++) {
        buffer_append_format(out, "%s\"%s\": ", i ? ", " : "",
                             keys->items[i].name);
        config_value_print(&keys->items[i], base, out);
    }
    buffer_append_char(out, '}');
}

void config_object_print_list(const struct config_keys *keys, const void *items,
                              size_t size, size_t count, struct buffer *out)
{
    const char *item = items;
    buffer_append_char(out, '[');
    for (size_t i = 0; i < count; i++, item += size) {
        buffer_append_text(out, i ? ",\n    " : "\n    ");
        config_object_print(keys, item, out);
    }
    buffer_append_text(out, count ? "\n  ]" : "]");
}

void config_object_clear(const struct config_keys *keys, void *base)
{
    for (size_t i = 0; i < keys->count; i++)
        config_value_clear(&keys->items[i], base);
}
