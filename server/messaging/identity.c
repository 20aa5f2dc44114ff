#include "messaging/identity.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/spelling.h"
#include "messaging/names.h"

struct caps_pattern {
    char *text;
    bool is_exact; /* its * is literal */
};

struct caps_rule {
    struct caps_pattern *patterns; /* "channels" */
    size_t count;
    struct text_list clients; /* exact ids, not patterns */
    struct text_list events;  /* names, or prefixes with * */
    bool has_events;
    unsigned allow; /* bits of enum capability */
};

struct caps {
    _Atomic unsigned references;
    struct caps_rule *rules;
    size_t count;
};

static const struct {
    const char *word;
    enum capability what;
} capability_words[] = {
    {"sub", CAN_SUBSCRIBE},    {"pub", CAN_PUBLISH},
    {"prs", CAN_SEE_PRESENCE}, {"hst", CAN_SEE_HISTORY},
    {"dir", CAN_SEND_DIRECT},  {"hid", CAN_HIDE},
};

enum { WORDS = sizeof capability_words / sizeof *capability_words };

static const char *const member_names[] = {"channels", "clients", "events",
                                           "allow"};

enum { MEMBERS = sizeof member_names / sizeof *member_names };

static bool parse_word(const struct json *word, unsigned *allow,
                       struct error *error)
{
    if (json_type_of(word) != JSON_STRING)
        return error_set(error, "\"allow\" must be a list of strings");
    for (size_t i = 0; i < WORDS; i++) {
        if (strcmp(capability_words[i].word, json_text(word)) == 0) {
            *allow |= capability_words[i].what;
            return true;
        }
    }
    return error_set(error,
                     "unknown \"%.32s\" in \"allow\"; expected sub, "
                     "pub, prs, hst, dir or hid",
                     json_text(word));
}

static bool parse_allow(const struct json *list, unsigned *allow,
                        struct error *error)
{
    if (!list || json_type_of(list) != JSON_ARRAY)
        return error_set(error, "expected a list \"allow\"");
    for (const struct json *word = json_first(list); word;
         word = json_next(word))
        if (!parse_word(word, allow, error))
            return false;
    return true;
}

static void add_pattern(struct caps_rule *rule, const char *text)
{
    rule->patterns =
        memory_resize(rule->patterns, rule->count + 1, sizeof *rule->patterns);
    rule->patterns[rule->count++] =
        (struct caps_pattern){memory_copy_text(text, strlen(text)), false};
}

static void add_client(struct caps_rule *rule, const char *text)
{
    text_list_add(&rule->clients, text);
}

static void add_event(struct caps_rule *rule, const char *text)
{
    text_list_add(&rule->events, text);
}

static bool parse_names(const struct json *list, const char *name,
                        void (*add)(struct caps_rule *rule, const char *text),
                        struct caps_rule *rule, struct error *error)
{
    size_t count = 0;
    if (json_type_of(list) != JSON_ARRAY)
        return error_set(error, "expected a list \"%s\"", name);
    for (const struct json *item = json_first(list); item;
         item = json_next(item)) {
        if (json_type_of(item) != JSON_STRING)
            return error_set(error, "\"%s\": entry %zu is not a string", name,
                             count + 1);
        if (count++ == CAPS_PATTERNS_MAX)
            return error_set(error, "more than %d %s", CAPS_PATTERNS_MAX, name);
        add(rule, json_text(item));
    }
    return true;
}

/* Suggests the member that was probably meant, or lists the expected ones. */
static bool refuse_member(const char *name, struct error *error)
{
    struct spelling spelling = {.wanted = name};
    for (size_t i = 0; i < MEMBERS; i++)
        spelling_offer(&spelling, member_names[i]);
    const char *best = spelling_best(&spelling);
    return error_set(error, "unknown \"%.32s\"; %s\"%s\"%s", name,
                     best ? "did you mean " : "expected ",
                     best ? best
                          : "channels\", \"clients\", \"events\" and \"allow",
                     best ? "?" : "");
}

static const char *unknown_member(const struct json *item)
{
    for (const struct json *member = json_first(item); member;
         member = json_next(member)) {
        bool is_known = false;
        for (size_t i = 0; i < MEMBERS; i++)
            is_known |= strcmp(member_names[i], json_name(member)) == 0;
        if (!is_known)
            return json_name(member);
    }
    return NULL;
}

static bool parse_whom(const struct json *item, struct caps_rule *rule,
                       struct error *error)
{
    const struct json *channels = json_member(item, "channels");
    const struct json *clients = json_member(item, "clients");
    const char *unknown = unknown_member(item);
    if (!json_is_given(channels) && !json_is_given(clients))
        return unknown ? refuse_member(unknown, error)
                       : error_set(error, "expected a list \"channels\"");
    return (!json_is_given(channels) ||
            parse_names(channels, "channels", add_pattern, rule, error)) &&
           (!json_is_given(clients) ||
            parse_names(clients, "clients", add_client, rule, error));
}

/* Refuses events that no message can have. */
static bool parse_events(const struct json *events, struct caps_rule *rule,
                         struct error *error)
{
    rule->has_events = json_is_given(events);
    if (!rule->has_events)
        return true;
    if (!parse_names(events, "events", add_event, rule, error))
        return false;
    for (size_t i = 0; i < rule->events.count; i++)
        if (!event_pattern_is_valid(rule->events.items[i]))
            return error_set(error,
                             "\"events\": entry %zu: expected " EVENT_RULE
                             ", or a prefix and *",
                             i + 1);
    return true;
}

static struct caps *caps_new(void)
{
    struct caps *caps = memory_new(1, sizeof *caps);
    caps->references = 1;
    return caps;
}

static struct caps_rule *add_rule(struct caps *caps)
{
    caps->rules =
        memory_resize(caps->rules, caps->count + 1, sizeof *caps->rules);
    struct caps_rule *rule = &caps->rules[caps->count++];
    *rule = (struct caps_rule){0};
    return rule;
}

static bool parse_rule(const struct json *item, struct caps_rule *rule,
                       struct error *why)
{
    if (json_type_of(item) != JSON_OBJECT)
        return error_set(why, "expected an object");
    return parse_whom(item, rule, why) &&
           parse_events(json_member(item, "events"), rule, why) &&
           parse_allow(json_member(item, "allow"), &rule->allow, why);
}

static bool parse_rules(const struct json *list, struct caps *caps,
                        struct error *error)
{
    if (!list || json_type_of(list) != JSON_ARRAY)
        return error_set(error, "caps: expected a list of rules");
    for (const struct json *item = json_first(list); item;
         item = json_next(item)) {
        struct error why;
        if (caps->count == CAPS_RULES_MAX)
            return error_set(error, "caps: more than %d rules", CAPS_RULES_MAX);
        if (!parse_rule(item, add_rule(caps), &why))
            return error_set(error, "caps: rule %zu: %.400s", caps->count,
                             why.text);
    }
    return true;
}

bool caps_check_members(const struct json *json, struct error *error)
{
    size_t number = 0;
    for (const struct json *item = json_first(json); item;
         item = json_next(item)) {
        struct error why;
        const char *unknown = unknown_member(item);
        number++;
        if (unknown && !refuse_member(unknown, &why))
            return error_set(error, "caps: rule %zu: %.400s", number, why.text);
    }
    return true;
}

struct caps *caps_parse(const struct json *json, struct error *error)
{
    struct caps *caps = caps_new();
    if (parse_rules(json, caps, error))
        return caps;
    caps_unref(caps);
    return NULL;
}

struct caps *caps_everything(void)
{
    struct caps *caps = caps_new();
    struct caps_rule *rule = add_rule(caps);
    add_pattern(rule, "*");
    for (size_t i = 0; i < WORDS; i++)
        rule->allow |= capability_words[i].what;
    rule->allow &= ~(unsigned)CAN_HIDE;
    return caps;
}

struct caps *caps_nothing(void)
{
    return caps_new();
}

struct caps *caps_ref(struct caps *caps)
{
    atomic_fetch_add(&caps->references, 1);
    return caps;
}

void caps_unref(struct caps *caps)
{
    if (!caps || atomic_fetch_sub(&caps->references, 1) > 1)
        return;
    for (size_t i = 0; i < caps->count; i++) {
        for (size_t j = 0; j < caps->rules[i].count; j++)
            free(caps->rules[i].patterns[j].text);
        free(caps->rules[i].patterns);
        text_list_deinit(&caps->rules[i].clients);
        text_list_deinit(&caps->rules[i].events);
    }
    free(caps->rules);
    free(caps);
}

static bool ends_with(struct bytes text, struct bytes end)
{
    return text.len >= end.len &&
           bytes_equal(bytes_skip(text, text.len - end.len), end);
}

void caps_take_literally(struct caps *caps, struct bytes client)
{
    if (!client.len || client.data[client.len - 1] != '*')
        return;
    for (size_t i = 0; i < caps->count; i++)
        for (size_t j = 0; j < caps->rules[i].count; j++) {
            struct caps_pattern *pattern = &caps->rules[i].patterns[j];
            pattern->is_exact |= ends_with(bytes_of(pattern->text), client);
        }
}

static bool matches(const struct caps_pattern *pattern, struct bytes name)
{
    return pattern->is_exact ? bytes_equal(bytes_of(pattern->text), name)
                             : name_matches(pattern->text, name);
}

static bool rule_fits(const struct caps_rule *rule, enum capability what,
                      struct bytes name)
{
    for (size_t i = 0; i < rule->count; i++)
        if (matches(&rule->patterns[i], name))
            return true;
    for (size_t i = 0; what == CAN_SEND_DIRECT && i < rule->clients.count; i++)
        if (bytes_equal(bytes_of(rule->clients.items[i]), name))
            return true;
    return false;
}

static bool event_fits(const struct caps_rule *rule, struct bytes event)
{
    if (!rule->has_events)
        return true;
    for (size_t i = 0; event.len && i < rule->events.count; i++)
        if (name_matches(rule->events.items[i], event))
            return true;
    return false;
}

static bool says_something(enum capability what)
{
    return what == CAN_PUBLISH || what == CAN_SEND_DIRECT;
}

bool caps_allow_event(const struct caps *caps, enum capability what,
                      struct bytes name, struct bytes event)
{
    for (size_t i = 0; i < caps->count; i++) {
        const struct caps_rule *rule = &caps->rules[i];
        if ((rule->allow & (unsigned)what) && rule_fits(rule, what, name) &&
            (!says_something(what) || event_fits(rule, event)))
            return true;
    }
    return false;
}

bool caps_allow(const struct caps *caps, enum capability what,
                struct bytes name)
{
    return caps_allow_event(caps, what, name, (struct bytes){0});
}

void identity_deinit(struct identity *identity)
{
    caps_unref(identity->caps);
    free(identity->info);
    *identity = (struct identity){0};
}

static bool rule_is_within(const struct caps_rule *rule,
                           const struct text_list *channels,
                           const struct text_list *clients)
{
    unsigned on_clients = rule->allow & CAN_SEND_DIRECT;
    unsigned on_channels = rule->allow & ~(unsigned)CAN_SEND_DIRECT;
    for (size_t i = 0; i < rule->count; i++) {
        const char *pattern = rule->patterns[i].text;
        if ((on_channels && !name_patterns_cover(channels, pattern)) ||
            (on_clients && !name_patterns_cover(clients, pattern)))
            return false;
    }
    for (size_t i = 0; on_clients && i < rule->clients.count; i++)
        if (!name_matches_any(clients, bytes_of(rule->clients.items[i])))
            return false;
    return true;
}

bool caps_are_within(const struct caps *caps, const struct text_list *channels,
                     const struct text_list *clients)
{
    for (size_t i = 0; i < caps->count; i++)
        if (!rule_is_within(&caps->rules[i], channels, clients))
            return false;
    return true;
}
