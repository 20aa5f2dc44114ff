#include "bus/redis/redis_roster.h"

#include <stdio.h>

#include "base/clock.h"
#include "messaging/hub.h"
#include "messaging/names.h"

static bool is_kept(const struct redis_channel *channel)
{
    return channel->options->presence && channel->options->join_leave;
}

/* ---- joins and leaves --------------------------------------------------- */

static void tell(struct redis_channel *channel, enum message_kind kind,
                 const char *client, struct bytes info)
{
    const struct message_parts parts = {.channel = bytes_of(channel->name),
                                        .from = bytes_of(client),
                                        .info = info};
    struct message *message = message_new_of(kind, &parts);
    message->time_ms = clock_wall_ms();
    hub_deliver(channel->bus->instance->hub, message);
    message_unref(message);
}

static void note_change(struct redis_roster *roster, const char *client)
{
    if (!roster->readings)
        return;
    members_drop(&roster->changed, client);
    members_add_many(&roster->changed, client, ++roster->changes,
                     (struct bytes){0});
}

/* Returns whether subscribers do not know it yet. */
static bool enter(struct redis_roster *roster, const char *client,
                  struct bytes info)
{
    note_change(roster, client);
    if (members_has(&roster->told, client))
        return false;
    members_add_with(&roster->told, client, info);
    return true;
}

static bool leave(struct redis_roster *roster, const char *client)
{
    note_change(roster, client);
    if (!members_has(&roster->told, client))
        return false;
    members_drop(&roster->told, client);
    return true;
}

void redis_roster_take(struct redis_channel *channel, struct message *message)
{
    struct redis_roster *roster = &channel->roster;
    char client[CLIENT_ID_MAX + 1];
    bool is_new = true;
    snprintf(client, sizeof client, "%.*s", (int)message->from.len,
             message->from.data);
    if (is_kept(channel))
        is_new = message->kind == MESSAGE_JOIN
                     ? enter(roster, client, message->info)
                     : leave(roster, client);
    if (is_new || !roster->has_begun)
        hub_deliver(channel->bus->instance->hub, message);
}

/* ---- comparing ----------------------------------------------------------- */

/* One list that is compared. */
struct comparison {
    struct redis_channel *channel;
    struct members *list;
    uint32_t mark;
    bool is_first;  /* nobody was told anything yet */
    bool is_unsure; /* of who is missing in the list */
};

static bool has_changed(const struct comparison *comparison, const char *client)
{
    return members_count(&comparison->channel->roster.changed, client) >
           comparison->mark;
}

/* Whether it left since the list was asked for. One that is here has come back
 * by then, which pub/sub has yet to say. */
static bool has_left(const struct comparison *comparison, const char *client)
{
    return has_changed(comparison, client) &&
           !members_has(&comparison->channel->members, client);
}

/* A client in the list that subscribers do not know came, or left since. */
static void compare_listed(void *arg, const char *client, uint32_t connections,
                           struct bytes info)
{
    struct comparison *comparison = arg;
    struct redis_roster *roster = &comparison->channel->roster;
    (void)connections;
    if (members_has(&roster->told, client))
        return;
    if (has_left(comparison, client)) {
        members_drop(comparison->list, client);
        return;
    }
    members_add_with(&roster->told, client, info);
    if (!comparison->is_first)
        tell(comparison->channel, MESSAGE_JOIN, client, info);
}

/* A client that subscribers know, and the list lacks: it left unnoticed, or
 * may be about to be entered again. */
static void compare_told(void *arg, const char *client, uint32_t connections,
                         struct bytes info)
{
    struct comparison *comparison = arg;
    struct redis_channel *channel = comparison->channel;
    struct redis_roster *roster = &channel->roster;
    (void)connections;
    if (members_has(comparison->list, client))
        return;
    if (has_changed(comparison, client)) {
        members_add_with(comparison->list, client, info);
    } else if (comparison->is_unsure) {
        members_add_with(comparison->list, client, info);
        roster->is_due = true;
    } else {
        tell(channel, MESSAGE_LEAVE, client, (struct bytes){0});
        members_drop(&roster->told, client);
    }
}

static void compare(struct redis_channel *channel, uint32_t mark,
                    struct members *list)
{
    struct redis_roster *roster = &channel->roster;
    uint64_t sure_ms = roster->doubt_ms +
                       channel->bus->options->lease_seconds * UINT64_C(1000);
    struct comparison comparison = {channel, list, mark, !roster->has_begun,
                                    clock_steady_ms() < sure_ms};
    bool was_due = roster->is_due;
    roster->has_begun = true;
    members_each(list, compare_listed, &comparison);
    members_each(&roster->told, compare_told, &comparison);
    if (roster->is_due && !was_due)
        roster->due_ms = sure_ms;
}

/* ---- lists --------------------------------------------------------------- */

uint32_t redis_roster_begin_reading(struct redis_channel *channel)
{
    struct redis_roster *roster = &channel->roster;
    roster->readings++;
    if (channel->stage == LIVE)
        roster->is_due = false; /* nothing is missed from here on */
    return roster->changes;
}

void redis_roster_end_reading(struct redis_channel *channel, uint32_t mark,
                              struct members *list)
{
    struct redis_roster *roster = &channel->roster;
    if (list && is_kept(channel)) {
        compare(channel, mark, list);
    } else if (!list) {
        roster->is_due = true;
        roster->due_ms = 0;
    }
    if (--roster->readings)
        return;
    members_clear(&roster->changed);
    roster->changes = 0;
}

void redis_roster_doubt(struct redis_channel *channel)
{
    channel->roster.is_due = true;
    channel->roster.due_ms = 0;
    channel->roster.doubt_ms = clock_steady_ms();
}

void redis_rosters_doubt(struct redis_bus *bus)
{
    struct redis_channel *channel;
    struct redis_channel *next;
    HASH_ITER(hh, bus->channels, channel, next)
    redis_roster_doubt(channel);
}

bool redis_roster_is_due(const struct redis_channel *channel, uint64_t now_ms)
{
    const struct redis_roster *roster = &channel->roster;
    return roster->is_due && now_ms >= roster->due_ms && is_kept(channel) &&
           channel->subscribers && channel->stage == LIVE &&
           channel->bus->is_serving;
}

void redis_roster_clear(struct redis_roster *roster)
{
    members_clear(&roster->told);
    members_clear(&roster->changed);
}
