/* The type of config_value.h for the list of Pusher's apps. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/origin.h"
#include "base/text_file.h"
#include "config/config_object.h"
#include "protocols/pusher/pusher_apps.h"
#include "protocols/pusher/pusher_webhook_events.h"

#define AT(member) CONFIG_FIELD(struct pusher_app_options, member)

static const struct config_form id = {.expected = "1 to 20 of A-Z a-z 0-9 - _",
                                      .is_valid = pusher_id_is_valid};
static const struct config_form key = {.expected = "1 to 64 of A-Z a-z 0-9 - _",
                                       .is_valid = pusher_key_is_valid};

static const struct config_form origin = {
    "an origin like https://example.com or https://*.example.com",
    origin_pattern_is_valid,
    .plural = "origins like https://example.com or https://*.example.com",
    .fault = origin_pattern_fault};

static const struct config_key keys[] = {
    {"id", &config_value_text, AT(id), "0", .form = &id,
     .help = "the app's id, sent by backends; libraries expect a number"},
    {"key", &config_value_text, AT(key), "x", .form = &key,
     .help = "the app's key, sent by clients"},
    {"secret", &config_value_text, AT(secret), NULL, .min = 1, .secret = true,
     .help = "signs channel authorizations and backend requests"},
    {"secret_file", &config_value_text, AT(secret_file), NULL, .min = 1,
     .help = "file that contains the secret, instead of secret"},
    {"client_events", &config_value_bool, AT(client_events), "false",
     .help = "clients may send events to each other"},
    {"client_events_per_second", &config_value_uint32,
     AT(client_events_per_second), "10", .max = 1000000,
     .help = "client events of one connection; 0: no limit"},
    {"presence_members", &config_value_uint32, AT(presence_members), "100",
     .max = 1000000, .help = "members of one presence channel; 0: no limit"},
    {"subscription_counts", &config_value_bool, AT(subscription_counts),
     "false", .help = "channels report how many connections subscribe to them"},
    {"watchlists", &config_value_bool, AT(watchlists), "false",
     .help = "users are notified when users on their watchlist come and go"},
    {"origins", &config_value_list, AT(origins), "", .form = &origin,
     .help = "web origins that may connect, instead of origins"},
    {"connections", &config_value_uint32, AT(connections), "0", .max = 10000000,
     .help = "connections to one instance; 0: no limit"},
    {"event_bytes", &config_value_uint32, AT(event_bytes), "10240", .min = 1,
     .max = 16777216, .help = "bytes of the data of one event"},
    {"webhook_url", &config_value_text, AT(webhook_url), NULL, .min = 1,
     .help = "URL that receives webhooks, signed as Pusher signs them"},
    {"webhook_events", &config_value_list, AT(webhook_events), "",
     .choices = PUSHER_WEBHOOK_EVENTS, .help = "events sent to webhook_url"},
};

enum { REQUIRED = 2 };

static const struct config_keys members = {keys, sizeof keys / sizeof *keys};

static void free_list(struct pusher_app_options_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].file_secret);
        config_object_clear(&members, &list->items[i]);
    }
    free(list->items);
    *list = (struct pusher_app_options_list){0};
}

static struct pusher_app_options *add(struct pusher_app_options_list *list)
{
    list->items =
        memory_resize(list->items, list->count + 1, sizeof *list->items);
    struct pusher_app_options *item = &list->items[list->count++];
    *item = (struct pusher_app_options){0};
    config_object_set_defaults(&members, item);
    return item;
}

static bool is_known(const struct pusher_app_options_list *list,
                     const struct pusher_app_options *wanted)
{
    for (const struct pusher_app_options *item = list->items; item < wanted;
         item++)
        if (strcmp(item->id, wanted->id) == 0 ||
            strcmp(item->key, wanted->key) == 0)
            return true;
    return false;
}

/* From its file, if there is one. */
static bool find_secret(struct pusher_app_options *app, struct error *why)
{
    struct buffer secret = {0};
    struct error reason;
    if (!app->secret == !app->secret_file)
        return error_set(why, "expected one of secret and secret_file");
    if (!app->secret_file)
        return true;
    error_set(&reason, "it is empty");
    if (!text_file_read_value(app->secret_file, &secret, &reason) ||
        !secret.len) {
        buffer_deinit(&secret);
        return error_set(why, "secret_file: %.400s", reason.text);
    }
    app->file_secret = memory_copy_text(secret.data, secret.len);
    buffer_deinit(&secret);
    return true;
}

static bool read_list(const struct json *json,
                      struct pusher_app_options_list *list, struct error *why)
{
    for (const struct json *item = json_first(json); item;
         item = json_next(item)) {
        struct error reason;
        struct pusher_app_options *made = add(list);
        if (!config_object_read(&members, REQUIRED, item, made, &reason) ||
            !find_secret(made, &reason))
            return error_set(why, "app %zu: %.400s", list->count, reason.text);
        if (is_known(list, made))
            return error_set(why,
                             "app %zu: its id or key is used by an earlier app",
                             list->count);
    }
    return true;
}

static bool from_json(const struct config_key *row, const struct json *json,
                      void *field, struct error *why)
{
    (void)row;
    if (json_type_of(json) != JSON_ARRAY)
        return false;
    struct pusher_app_options_list list = {0};
    if (!read_list(json, &list, why)) {
        free_list(&list);
        return false;
    }
    free_list(field);
    *(struct pusher_app_options_list *)field = list;
    return true;
}

static void expect(const struct config_key *row, struct buffer *out)
{
    (void)row;
    buffer_append_text(out, "a list of apps");
}

static void print(const struct config_key *row, const void *field,
                  struct buffer *out)
{
    (void)row;
    const struct pusher_app_options_list *list = field;
    config_object_print_list(&members, list->items, sizeof *list->items,
                             list->count, out);
}

static void clear(void *field)
{
    free_list(field);
}

const struct config_type config_value_pusher_apps = {
    "JSON",   config_value_parse_text, from_json, expect, print, clear,
    &members, HOLDS_PUSHER_APPS,
};
