/* The type of config_value.h for the list of channel rules. A rule is a
 * struct with keys of its own, so it is read and printed by a table too. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/config_object.h"
#include "messaging/names.h"
#include "messaging/options.h"

#define AT(member) CONFIG_FIELD(struct channel_options, member)

static const struct config_form pattern = {
    .expected = "a channel name, or a prefix and *",
    .is_valid = channel_pattern_is_valid};

static const struct config_key keys[] = {
    {"match", &config_value_text, AT(match), "*", .form = &pattern,
     .help = "channels it applies to: a name, or a prefix and *"},
    {"history_size", &config_value_uint32, AT(history_size), "100",
     .max = 100000, .help = "messages kept; 0: none"},
    {"history_seconds", &config_value_uint32, AT(history_seconds), "300",
     .max = 2592000, .help = "how long a message is kept"},
    {"presence", &config_value_bool, AT(presence), "true",
     .help = "clients may list the members"},
    {"join_leave", &config_value_bool, AT(join_leave), "false",
     .help = "subscribers are notified of joins and leaves"},
    {"message_info", &config_value_bool, AT(message_info), "false",
     .help = "messages include the info of their sender"},
    {"leave_seconds", &config_value_uint32, AT(leave_seconds), "0",
     .max = 86400,
     .help = "a client that returns within this time has not left"},
    {"slow_reader", &config_value_choice, AT(slow_reader), "close",
     .choices = "close|latest",
     .help = "for a slow client: close it, or send it only the latest message"},
};

static const struct config_keys members = {keys, sizeof keys / sizeof *keys};

static void free_rules(struct channel_options_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        config_object_clear(&members, &list->items[i]);
    free(list->items);
    *list = (struct channel_options_list){0};
}

static struct channel_options *add_rule(struct channel_options_list *list)
{
    list->items =
        memory_resize(list->items, list->count + 1, sizeof *list->items);
    struct channel_options *rule = &list->items[list->count++];
    *rule = (struct channel_options){0};
    config_object_set_defaults(&members, rule);
    return rule;
}

static bool matches_everything(const struct channel_options *rule)
{
    return strcmp(rule->match, "*") == 0;
}

static bool read_rules(const struct json *json,
                       struct channel_options_list *list, struct error *why)
{
    for (const struct json *item = json_first(json); item;
         item = json_next(item)) {
        size_t number = list->count + 1;
        if (list->count && matches_everything(&list->items[list->count - 1]))
            return error_set(why,
                             "rule %zu: never used, since the rule "
                             "before it matches everything",
                             number);
        struct error reason;
        if (!config_object_read(&members, 1, item, add_rule(list), &reason))
            return error_set(why, "rule %zu: %.400s", number, reason.text);
    }
    return true;
}

static bool channels_from_json(const struct config_key *key,
                               const struct json *json, void *field,
                               struct error *why)
{
    (void)key;
    if (json_type_of(json) != JSON_ARRAY)
        return false;
    struct channel_options_list list = {0};
    if (!read_rules(json, &list, why)) {
        free_rules(&list);
        return false;
    }
    /* so that a look-up always finds a rule */
    if (!list.count || !matches_everything(&list.items[list.count - 1]))
        add_rule(&list);
    free_rules(field);
    *(struct channel_options_list *)field = list;
    return true;
}

static void expect_channels(const struct config_key *key, struct buffer *out)
{
    (void)key;
    buffer_append_text(out, "a list of rules");
}

static void print_channels(const struct config_key *key, const void *field,
                           struct buffer *out)
{
    (void)key;
    const struct channel_options_list *list = field;
    config_object_print_list(&members, list->items, sizeof *list->items,
                             list->count, out);
}

static void clear_channels(void *field)
{
    free_rules(field);
}

const struct config_type config_value_channels = {
    "JSON",          config_value_parse_text, channels_from_json,
    expect_channels, print_channels,          clear_channels,
    &members,        HOLDS_CHANNELS,
};
