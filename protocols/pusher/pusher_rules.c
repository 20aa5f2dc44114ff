#include "protocols/pusher/pusher_rules.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/memory.h"
#include "messaging/options.h"
#include "protocols/pusher/pusher_counts.h"
#include "protocols/pusher/pusher_name.h"

enum { PLAIN, PRESENCE, CACHE, PRESENCE_CACHE, KINDS };

enum { KEPT_MESSAGES = 100, KEPT_SECONDS = 300, CACHE_SECONDS = 1800 };

struct rule {
    struct rule *next;
    bool holds_for_plain;
    struct channel_options options[KINDS];
    struct bytes prefix;
    char text[];
};

/* Added to at its head, and never taken from. */
static struct rule *_Atomic rules;

static const struct rule *find(struct bytes channel)
{
    const struct rule *rule = atomic_load(&rules);
    while (rule && !bytes_start_with(channel, rule->prefix))
        rule = rule->next;
    return rule;
}

static struct channel_options options_of(int kind, char *prefix, bool counts)
{
    bool is_presence = kind == PRESENCE || kind == PRESENCE_CACHE;
    bool is_cache = kind == CACHE || kind == PRESENCE_CACHE;
    return (struct channel_options){
        .match = prefix,
        .history_size = KEPT_MESSAGES,
        .history_seconds = is_cache ? CACHE_SECONDS : KEPT_SECONDS,
        .presence = is_presence,
        .join_leave = is_presence,
        .counted = counts ? pusher_counts_note : NULL,
    };
}

void pusher_rules_add(const char *prefix, bool subscription_counts)
{
    size_t len = strlen(prefix);
    if (find((struct bytes){prefix, len}))
        return;
    struct rule *rule = memory_new(1, sizeof *rule + len + 1);
    memcpy(rule->text, prefix, len);
    rule->prefix = (struct bytes){rule->text, len};
    rule->holds_for_plain = subscription_counts;
    for (int kind = 0; kind < KINDS; kind++)
        rule->options[kind] = options_of(kind, rule->text, subscription_counts);
    rule->next = atomic_load(&rules);
    atomic_store(&rules, rule); /* apps are taken on by one thread */
}

const struct channel_options *pusher_rules_find(const char *channel)
{
    struct bytes full = bytes_of(channel);
    if (!bytes_start_with(full, BYTES_LITERAL(PUSHER_PREFIX)))
        return NULL;
    const struct rule *rule = find(full);
    if (!rule)
        return NULL;
    struct bytes name = pusher_name_of(full);
    int kind = pusher_name_is_presence(name) ? PRESENCE : PLAIN;
    if (pusher_name_is_cache(name))
        kind = kind == PRESENCE ? PRESENCE_CACHE : CACHE;
    return kind == PLAIN && !rule->holds_for_plain ? NULL
                                                   : &rule->options[kind];
}
