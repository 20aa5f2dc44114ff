#include "protocols/pusher/pusher_rules.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/memory.h"
#include "messaging/options.h"
#include "protocols/pusher/pusher_apps.h"
#include "protocols/pusher/pusher_counts.h"
#include "protocols/pusher/pusher_name.h"
#include "protocols/pusher/pusher_webhook.h"

enum { PLAIN, PRESENCE, CACHE, PRESENCE_CACHE, WATCH, KINDS };

enum {
    KEPT_MESSAGES = 100,
    KEPT_SECONDS = 300,
    CACHE_SECONDS = 1800,
    RETURN_SECONDS = 3 /* until a user is reported offline */
};

struct rule {
    struct rule *next;
    bool holds_for_plain;
    struct channel_options options[KINDS];
    struct bytes prefix;
    char text[];
};

/* Prepend-only list. */
static struct rule *_Atomic rules;

static const struct rule *find(struct bytes channel)
{
    const struct rule *rule = atomic_load(&rules);
    while (rule && !bytes_start_with(channel, rule->prefix))
        rule = rule->next;
    return rule;
}

/* Presence, so that the bus counts members in every channel. */
static bool counts_occupants(const struct pusher_app *app)
{
    const unsigned wanted = 1u << PUSHER_OCCUPIED | 1u << PUSHER_VACATED;
    return app->webhook && app->webhook_events & wanted;
}

static struct channel_options options_of(int kind, char *prefix,
                                         const struct pusher_app *app)
{
    bool is_presence = kind == PRESENCE || kind == PRESENCE_CACHE;
    bool is_cache = kind == CACHE || kind == PRESENCE_CACHE;
    if (kind == WATCH)
        return (struct channel_options){.match = prefix,
                                        .presence = true,
                                        .join_leave = true,
                                        .leave_seconds = RETURN_SECONDS};
    return (struct channel_options){
        .match = prefix,
        .history_size = KEPT_MESSAGES,
        .history_seconds = is_cache ? CACHE_SECONDS : KEPT_SECONDS,
        .presence = is_presence || counts_occupants(app),
        .join_leave = is_presence,
        .counted = app->subscription_counts ? pusher_counts_note : NULL,
        .told = pusher_webhook_told,
    };
}

static void add(const struct pusher_app *app)
{
    struct bytes prefix = {app->prefix, app->prefix_len};
    if (find(prefix))
        return;
    struct rule *rule = memory_new(1, sizeof *rule + prefix.len + 1);
    memcpy(rule->text, prefix.data, prefix.len);
    rule->prefix = (struct bytes){rule->text, prefix.len};
    rule->holds_for_plain = app->subscription_counts || counts_occupants(app);
    for (int kind = 0; kind < KINDS; kind++)
        rule->options[kind] = options_of(kind, rule->text, app);
    rule->next = atomic_load(&rules);
    atomic_store(&rules, rule); /* one thread applies apps */
}

void pusher_rules_use(const struct pusher_app_options_list *list)
{
    pusher_apps_use(list);
    for (size_t i = 0; i < list->count; i++) {
        struct pusher_app *app = pusher_app_of_id(bytes_of(list->items[i].id));
        add(app);
        pusher_app_unref(app);
    }
}

static int kind_of(struct bytes name)
{
    bool is_presence = pusher_name_is_presence(name);
    if (pusher_name_watched(name).len)
        return WATCH;
    if (pusher_name_is_cache(name))
        return is_presence ? PRESENCE_CACHE : CACHE;
    return is_presence ? PRESENCE : PLAIN;
}

const struct channel_options *pusher_rules_find(const char *channel)
{
    struct bytes full = bytes_of(channel);
    if (!bytes_start_with(full, BYTES_LITERAL(PUSHER_PREFIX)))
        return NULL;
    const struct rule *rule = find(full);
    if (!rule)
        return NULL;
    int kind = kind_of(pusher_name_of(full));
    return kind == PLAIN && !rule->holds_for_plain ? NULL
                                                   : &rule->options[kind];
}
