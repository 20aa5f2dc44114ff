/* The type of config_value.h for the list of API keys. */
#include <stdlib.h>
#include <string.h>

#include "api/api_keys.h"
#include "base/memory.h"
#include "config/config_object.h"
#include "messaging/names.h"

#define AT(member) CONFIG_FIELD(struct api_key_options, member)

static const struct config_form hash = {
    .expected =
        "sha256: and 64 hexadecimal digits, as printed by peal hash-key",
    .is_valid = api_key_hash_is_valid};

static bool is_client_pattern(const char *pattern)
{
    return client_id_is_valid(bytes_of(pattern));
}

static const struct config_form channel_patterns = {
    "a channel name, or a prefix and *", channel_pattern_is_valid,
    .plural = "channel names, or a prefix and *"};

static const struct config_form client_patterns = {
    "a client id, or a prefix and *", is_client_pattern,
    .plural = "client ids, or a prefix and *"};

static const struct config_key keys[] = {
    {"name", &config_value_text, AT(name), "", .min = 1,
     .help = "name of the key in messages"},
    {"hash", &config_value_text, AT(hash), "", .form = &hash,
     .help = "SHA-256 of the key, as printed by peal hash-key"},
    {"scopes", &config_value_list, AT(scopes), "", .min = 1,
     .choices = API_SCOPES, .help = "what the key may do"},
    {"requests_per_second", &config_value_uint32, AT(requests_per_second), "0",
     .max = 1000000, .help = "requests with the key; 0: no limit"},
    {"channels", &config_value_list, AT(channels), "*",
     .form = &channel_patterns,
     .help = "channels it may access: names, or a prefix and *"},
    {"clients", &config_value_list, AT(clients), "*", .form = &client_patterns,
     .help = "clients it may access: ids, or a prefix and *"},
};

enum { REQUIRED = 3 };

static const struct config_keys members = {keys, sizeof keys / sizeof *keys};

static void free_list(struct api_key_options_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        config_object_clear(&members, &list->items[i]);
    free(list->items);
    *list = (struct api_key_options_list){0};
}

static struct api_key_options *add(struct api_key_options_list *list)
{
    list->items =
        memory_resize(list->items, list->count + 1, sizeof *list->items);
    struct api_key_options *item = &list->items[list->count++];
    *item = (struct api_key_options){0};
    text_list_add(&item->channels, "*");
    text_list_add(&item->clients, "*");
    return item;
}

static bool is_known(const struct api_key_options_list *list,
                     const struct api_key_options *wanted)
{
    for (const struct api_key_options *item = list->items; item < wanted;
         item++)
        if (strcmp(item->name, wanted->name) == 0 ||
            strcmp(item->hash, wanted->hash) == 0)
            return true;
    return false;
}

static void limit(const struct json *json, const char *given, const char *other,
                  struct text_list *list)
{
    if (json_is_given(json_member(json, given)) &&
        !json_is_given(json_member(json, other)))
        text_list_deinit(list);
}

/* A key restricted to some channels may access no clients unless listed, and
 * vice versa. */
static void limit_both(const struct json *json, struct api_key_options *key)
{
    limit(json, "channels", "clients", &key->clients);
    limit(json, "clients", "channels", &key->channels);
}

static bool read_list(const struct json *json,
                      struct api_key_options_list *list, struct error *why)
{
    for (const struct json *item = json_first(json); item;
         item = json_next(item)) {
        struct error reason;
        struct api_key_options *made = add(list);
        if (!config_object_read(&members, REQUIRED, item, made, &reason))
            return error_set(why, "key %zu: %.400s", list->count, reason.text);
        limit_both(item, made);
        if (is_known(list, made))
            return error_set(
                why, "key %zu: its name or hash is used by an earlier key",
                list->count);
    }
    return true;
}

static bool from_json(const struct config_key *key, const struct json *json,
                      void *field, struct error *why)
{
    (void)key;
    if (json_type_of(json) != JSON_ARRAY)
        return false;
    struct api_key_options_list list = {0};
    if (!read_list(json, &list, why)) {
        free_list(&list);
        return false;
    }
    free_list(field);
    *(struct api_key_options_list *)field = list;
    return true;
}

static void expect(const struct config_key *key, struct buffer *out)
{
    (void)key;
    buffer_append_text(out, "a list of keys");
}

static void print(const struct config_key *key, const void *field,
                  struct buffer *out)
{
    (void)key;
    const struct api_key_options_list *list = field;
    config_object_print_list(&members, list->items, sizeof *list->items,
                             list->count, out);
}

static void clear(void *field)
{
    free_list(field);
}

const struct config_type config_value_api_keys = {
    "JSON",   config_value_parse_text, from_json, expect, print, clear,
    &members, HOLDS_API_KEYS,
};
