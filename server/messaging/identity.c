#include "messaging/identity.h"

#include <stdlib.h>

#include "base/memory.h"
#include "messaging/names.h"

struct caps_rule {
    char **patterns;
    size_t count;
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
    {"sub", CAN_SUBSCRIBE},   {"pub", CAN_PUBLISH},
    {"prs", CAN_SEE_PRESENCE}, {"hst", CAN_SEE_HISTORY},
    {"dir", CAN_SEND_DIRECT},
};

enum { WORDS = sizeof capability_words / sizeof *capability_words };

static bool parse_word(const struct json *word, unsigned *allow,
                       struct error *error)
{
    if (json_type_of(word) != JSON_STRING)
        return error_set(error, "caps: \"allow\" must be a list of strings");
    for (size_t i = 0; i < WORDS; i++) {
        if (strcmp(capability_words[i].word, json_text(word)) == 0) {
            *allow |= capability_words[i].what;
            return true;
        }
    }
    return error_set(error,
                     "caps: unknown \"%.32s\" in \"allow\"; expected sub, "
                     "pub, prs, hst or dir",
                     json_text(word));
}

static bool parse_allow(const struct json *list, unsigned *allow,
                        struct error *error)
{
    if (!list || json_type_of(list) != JSON_ARRAY)
        return error_set(error, "caps: each rule needs a list \"allow\"");
    for (const struct json *word = json_first(list); word;
         word = json_next(word))
        if (!parse_word(word, allow, error))
            return false;
    return true;
}

static bool parse_patterns(const struct json *list, struct caps_rule *rule,
                           struct error *error)
{
    if (!list || json_type_of(list) != JSON_ARRAY)
        return error_set(error, "caps: each rule needs a list \"channels\"");
    for (const struct json *pattern = json_first(list); pattern;
         pattern = json_next(pattern)) {
        if (json_type_of(pattern) != JSON_STRING)
            return error_set(error, "caps: \"channels\" must hold strings");
        if (rule->count == CAPS_PATTERNS_MAX)
            return error_set(error, "caps: more than %d channels in a rule",
                             CAPS_PATTERNS_MAX);
        rule->patterns = memory_resize(rule->patterns, rule->count + 1,
                                       sizeof *rule->patterns);
        const char *text = json_text(pattern);
        rule->patterns[rule->count++] = memory_copy_text(text, strlen(text));
    }
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

static bool parse_rules(const struct json *list, struct caps *caps,
                        struct error *error)
{
    if (!list || json_type_of(list) != JSON_ARRAY)
        return error_set(error, "caps: expected a list of rules");
    for (const struct json *item = json_first(list); item;
         item = json_next(item)) {
        if (json_type_of(item) != JSON_OBJECT)
            return error_set(error, "caps: a rule must be an object");
        if (caps->count == CAPS_RULES_MAX)
            return error_set(error, "caps: more than %d rules",
                             CAPS_RULES_MAX);
        struct caps_rule *rule = add_rule(caps);
        if (!parse_patterns(json_member(item, "channels"), rule, error) ||
            !parse_allow(json_member(item, "allow"), &rule->allow, error))
            return false;
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
    rule->patterns = memory_new(1, sizeof *rule->patterns);
    rule->patterns[rule->count++] = memory_copy_text("*", 1);
    for (size_t i = 0; i < WORDS; i++)
        rule->allow |= capability_words[i].what;
    return caps;
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
            free(caps->rules[i].patterns[j]);
        free(caps->rules[i].patterns);
    }
    free(caps->rules);
    free(caps);
}

bool caps_allow(const struct caps *caps, enum capability what,
                struct bytes name)
{
    for (size_t i = 0; i < caps->count; i++) {
        const struct caps_rule *rule = &caps->rules[i];
        if (!(rule->allow & (unsigned)what))
            continue;
        for (size_t j = 0; j < rule->count; j++)
            if (name_matches(rule->patterns[j], name))
                return true;
    }
    return false;
}
