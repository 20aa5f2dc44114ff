/* The type of config_value.h for the list of channel rules. A rule is a
 * struct with keys of its own, so it is read and printed by a table too. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config_value.h"
#include "messaging/names.h"
#include "messaging/options.h"

#define AT(member) offsetof(struct channel_options, member)

/* A channel's name, or the start of one with * at its end. */
static bool is_pattern(const char *text)
{
    size_t len = strlen(text);
    bool prefix = len && text[len - 1] == '*';
    struct bytes name = {text, prefix ? len - 1 : len};
    return (prefix && !name.len) || channel_name_is_valid(name);
}

static const struct config_form pattern = {
    "a channel name, or the start of one and *", is_pattern};

static const struct config_key keys[] = {
    {"match", &config_value_text, AT(match), "*", .form = &pattern,
     .help = "channels it is about: a name, or the start of one and *"},
    {"history_size", &config_value_uint32, AT(history_size), "100",
     .max = 100000, .help = "messages kept; 0: none"},
    {"history_seconds", &config_value_uint32, AT(history_seconds), "300",
     .max = 2592000, .help = "how long a message is kept"},
    {"presence", &config_value_bool, AT(presence), "true",
     .help = "who is here can be asked"},
    {"join_leave", &config_value_bool, AT(join_leave), "false",
     .help = "subscribers are told who comes and goes"},
    {"slow_reader", &config_value_choice, AT(slow_reader), "close",
     .choices = "close|latest",
     .help = "close a client too slow, or send it only the latest"},
};

const struct config_keys config_value_channel_keys = {keys, sizeof keys /
                                                                sizeof *keys};

static void free_rules(struct channel_options_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        for (size_t j = 0; j < config_value_channel_keys.count; j++)
            config_value_clear(&keys[j], &list->items[i]);
    free(list->items);
    *list = (struct channel_options_list){0};
}

static struct channel_options *add_rule(struct channel_options_list *list)
{
    list->items =
        memory_resize(list->items, list->count + 1, sizeof *list->items);
    struct channel_options *rule = &list->items[list->count++];
    *rule = (struct channel_options){0};
    for (size_t i = 0; i < config_value_channel_keys.count; i++)
        config_value_set_default(&keys[i], rule);
    return rule;
}

static bool matches_everything(const struct channel_options *rule)
{
    return strcmp(rule->match, "*") == 0;
}

static bool refuse_unknown(const char *name, struct error *why)
{
    struct spelling spelling = {.wanted = name};
    config_key_offer(&config_value_channel_keys, &spelling);
    return spelling_refuse(&spelling, "", "key", why);
}

static bool read_member(const struct json *member, struct channel_options *rule,
                        struct error *why)
{
    const char *name = json_name(member);
    const struct config_key *key =
        config_key_find(&config_value_channel_keys, name);
    if (!key)
        return refuse_unknown(name, why);
    struct error reason;
    if (config_value_from_json(key, member, rule, &reason))
        return true;
    return error_set(why, "%s: %.400s", name, reason.text);
}

static bool read_rule(const struct json *json, struct channel_options *rule,
                      struct error *why)
{
    if (json_type_of(json) != JSON_OBJECT)
        return error_set(why, "expected an object");
    if (!json_member(json, "match"))
        return error_set(why, "match is missing");
    for (const struct json *member = json_first(json); member;
         member = json_next(member)) {
        if (json_member(json, json_name(member)) != member)
            return error_set(why, "%.64s: given twice", json_name(member));
        if (!read_member(member, rule, why))
            return false;
    }
    return true;
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
        if (!read_rule(item, add_rule(list), &reason))
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
    /* so that looking a channel up always finds a rule */
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

static void print_rule(const struct channel_options *rule, struct buffer *out)
{
    buffer_append_text(out, "    {");
    for (size_t i = 0; i < config_value_channel_keys.count; i++) {
        buffer_append_format(out, "%s\"%s\": ", i ? ", " : "", keys[i].name);
        config_value_print(&keys[i], rule, out);
    }
    buffer_append_char(out, '}');
}

static void print_channels(const struct config_key *key, const void *field,
                           struct buffer *out)
{
    (void)key;
    const struct channel_options_list *list = field;
    buffer_append_text(out, "[\n");
    for (size_t i = 0; i < list->count; i++) {
        buffer_append_text(out, i ? ",\n" : "");
        print_rule(&list->items[i], out);
    }
    buffer_append_text(out, "\n  ]");
}

static void clear_channels(void *field)
{
    free_rules(field);
}

const struct config_type config_value_channels = {
    "JSON",          config_value_parse_text, channels_from_json,
    expect_channels, print_channels,          clear_channels,
};
