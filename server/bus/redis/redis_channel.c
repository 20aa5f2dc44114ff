/* Channels with subscribers on this instance: subscribes to Redis for the first
 * subscriber, and unsubscribes some time after the last one left. */
#include "bus/redis/redis_channel.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "bus/redis/redis_backlog.h"
#include "bus/redis/redis_call.h"
#include "bus/redis/redis_channel_table.h"
#include "bus/redis/redis_envelope.h"
#include "bus/redis/redis_link.h"
#include "bus/redis/redis_member_list.h"
#include "bus/redis/redis_messages.h"
#include "bus/redis/redis_presence.h"
#include "bus/redis/redis_recovery.h"
#include "bus/redis/redis_repair.h"
#include "bus/redis/redis_roster.h"
#include "bus/redis/redis_send.h"
#include "bus/redis/redis_subscribe.h"

enum { GRACE_MS = 2000 };

static struct redis_link *link_of(const struct redis_channel *channel)
{
    return redis_subscriptions_of(channel->bus, channel->slot);
}

static void start_subscribing(struct redis_channel *channel)
{
    if (channel->stage != UNSUBSCRIBED)
        return;
    struct redis_link *link = link_of(channel);
    if (!link || !redis_link_is_up(link))
        return;
    channel->link = link;
    channel->stage = SUBSCRIBING;
    if (channel->has_position) /* it was subscribed before */
        metrics_add(&channel->bus->metrics, METRIC_REDIS_RESUBSCRIBED, 1);
    redis_subscribe_later(channel);
}

/* Clocks of two machines may differ: a negative delay counts as 0. */
static void note_delivery(struct redis_bus *bus,
                          const struct envelope *envelope)
{
    int64_t ms = clock_wall_ms() - envelope->time_ms;
    if (envelope->kind == ENVELOPE_PUBLICATION)
        metrics_observe(&bus->metrics, DISTRIBUTION_REDIS_DELIVERY,
                        ms > 0 ? (uint64_t)ms * 1000000 : 0);
}

void redis_channel_on_message(struct redis_bus *bus, const char *name,
                              struct bytes text)
{
    struct redis_channel *channel = redis_channel_find(bus, name);
    struct envelope envelope;
    if (!redis_envelope_decode(text, &envelope)) {
        metrics_add(&bus->metrics, METRIC_REDIS_MALFORMED, 1);
        log_limited(LOG_WARN, 1, "Malformed message from Redis",
                    LOG_TEXT("channel", name));
        return;
    }
    note_delivery(bus, &envelope);
    if (channel && envelope.kind == ENVELOPE_GAP)
        redis_repair_doubt(channel, envelope.time_ms);
    else if (channel)
        redis_repair_take(channel, &envelope);
}

void redis_channel_on_confirmed(struct redis_bus *bus, const char *name)
{
    struct redis_channel *channel = redis_channel_find(bus, name);
    if (channel && channel->stage == SUBSCRIBING && !channel->is_gathered)
        redis_repair_start(channel);
}

void redis_channels_subscribe_again(struct redis_bus *bus)
{
    struct redis_channel *channel;
    struct redis_channel *next;
    HASH_ITER(hh, bus->channels, channel, next)
    start_subscribing(channel);
}

/* Channels whose link is down, or has changed. */
void redis_channels_forget(struct redis_bus *bus)
{
    struct redis_channel *channel;
    struct redis_channel *next;
    HASH_ITER(hh, bus->channels, channel, next)
    {
        if (channel->stage == UNSUBSCRIBED)
            continue;
        struct redis_link *link = link_of(channel);
        if (link != channel->link || !redis_link_is_up(link))
            redis_repair_forget(channel);
    }
}

void redis_channels_moved(struct redis_bus *bus)
{
    bus->has_moved = true;
}

void redis_channels_refused(struct redis_bus *bus)
{
    bus->has_refused = true;
}

/* After this instance's own SUNSUBSCRIBE, the channel is already freed. */
bool redis_channel_on_unsubscribed(struct redis_bus *bus, const char *name)
{
    struct redis_channel *channel = redis_channel_find(bus, name);
    if (!channel || channel->stage == UNSUBSCRIBED)
        return false;
    redis_repair_forget(channel); /* the tick subscribes again */
    return true;
}

void redis_channels_read_again(struct redis_bus *bus)
{
    struct redis_channel *channel;
    struct redis_channel *next;
    HASH_ITER(hh, bus->channels, channel, next)
    {
        if (channel->judge_echo)
            redis_repair_start(channel); /* the echo may be lost */
        redis_repair_resume(channel);
        redis_recovery_serve(channel);
    }
}

/* An empty name is not a member. */
static void count_member(struct redis_channel *channel, const char *client)
{
    if (client[0])
        redis_presence_set(channel->bus, channel->name, client,
                           members_count(&channel->members, client),
                           members_info(&channel->members, client));
}

void redis_channel_subscribe(struct redis_bus *bus, struct request *request)
{
    if (!redis_channel_find(bus, request->channel) &&
        HASH_COUNT(bus->channels) >= bus->instance->options->limits.channels) {
        request->fault = FAULT_TOO_MANY_CHANNELS;
        request_finish(request);
        return;
    }
    struct redis_channel *channel =
        redis_channel_find_or_add(bus, request->channel);
    channel->subscribers++;
    if (request->client[0])
        members_add_with(&channel->members, request->client, request->info);
    count_member(channel, request->client);
    start_subscribing(channel);
    redis_recovery_add(channel, request);
}

void redis_channel_recover(struct redis_bus *bus, struct request *request)
{
    struct redis_channel *channel = redis_channel_find(bus, request->channel);
    PANIC_IF(!channel);
    redis_recovery_add(channel, request);
}

static void drop_subscriber(struct redis_channel *channel, const char *client)
{
    if (client[0])
        members_remove(&channel->members, client);
    count_member(channel, client);
    if (!--channel->subscribers)
        channel->leave_ms = clock_steady_ms() + GRACE_MS;
}

void redis_channel_unsubscribe(struct redis_bus *bus, struct request *request)
{
    struct redis_channel *channel = redis_channel_find(bus, request->channel);
    PANIC_IF(!channel || !channel->subscribers);
    drop_subscriber(channel, request->client);
    request_finish(request);
}

/* ---- time -------------------------------------------------------------- */

static void expire_waiting(struct redis_channel *channel, uint64_t now_ms)
{
    uint64_t patience_ms =
        (uint64_t)channel->bus->options->backlog_seconds * 1000;
    struct request *waiting = redis_recovery_take(channel);
    while (waiting) {
        struct request *request = waiting;
        waiting = waiting->next;
        if (clock_elapsed(now_ms, request->since_ms) <= patience_ms) {
            redis_recovery_wait(channel, request);
            continue;
        }
        if (request->kind == REQUEST_SUBSCRIBE)
            drop_subscriber(channel, request->client);
        redis_refuse(channel->bus, request);
    }
}

static void free_channel(struct redis_channel *channel)
{
    HASH_DEL(channel->bus->channels, channel);
    redis_repair_forget(channel);
    redis_messages_clear(&channel->recent);
    message_unref(channel->last);
    members_clear(&channel->members);
    redis_roster_clear(&channel->roster);
    free(channel);
}

static bool is_unused(const struct redis_channel *channel, uint64_t now_ms)
{
    return !channel->is_gathered && !channel->subscribers &&
           !channel->is_reading && !channel->waiting && !channel->recoveries &&
           !channel->roster.readings && now_ms >= channel->leave_ms;
}

/* Whether pub/sub is late with messages that a subscriber waits for. */
static bool is_overdue(const struct redis_channel *channel, uint64_t now_ms)
{
    enum { OVERDUE_MS = 1000 };
    const struct request *request = channel->awaited ? channel->waiting : NULL;
    while (request && !(request->is_confirmed &&
                        clock_elapsed(now_ms, request->since_ms) > OVERDUE_MS))
        request = request->next;
    return request;
}

/* A message lost by pub/sub is detected with the next one or, without one, by
 * polling. */
static void verify(struct redis_channel *channel)
{
    if (channel->stage == LIVE && channel->subscribers)
        redis_repair_start(channel);
}

void redis_channels_compare(struct redis_bus *bus)
{
    struct redis_channel *channel;
    struct redis_channel *next;
    if (!bus->has_outdated)
        return;
    bus->has_outdated = false;
    HASH_ITER(hh, bus->channels, channel, next)
    {
        if (channel->is_outdated && channel->stage == LIVE)
            redis_repair_start(channel);
        channel->is_outdated = false;
    }
}

/* One iteration for all slots that moved in this turn. */
static void follow_moved(struct redis_bus *bus)
{
    if (!bus->has_moved)
        return;
    bus->has_moved = false;
    redis_channels_forget(bus);
    redis_channels_subscribe_again(bus);
}

void redis_channels_turn(struct redis_bus *bus)
{
    follow_moved(bus);
    redis_subscribe_gathered(bus);
}

static void tick_channel(struct redis_channel *channel, bool is_due,
                         uint64_t now_ms)
{
    expire_waiting(channel, now_ms);
    start_subscribing(channel);
    redis_repair_resume(channel);
    if (is_due || is_overdue(channel, now_ms))
        verify(channel);
    if (redis_roster_is_due(channel, now_ms))
        redis_member_list_read(channel->bus, channel->name, NULL, NULL);
}

/* Unsubscribes from the channels of a list linked like gathered ones, and frees
 * them. */
static void leave(struct redis_bus *bus, struct redis_channel *first,
                  size_t count)
{
    if (!first)
        return;
    struct redis_channel **channels =
        memory_new(count, sizeof(struct redis_channel *));
    size_t subscribed = 0;
    for (struct redis_channel *each = first; each; each = each->next_gathered)
        if (each->stage != UNSUBSCRIBED)
            channels[subscribed++] = each;
    redis_unsubscribe(bus, channels, subscribed);
    free(channels);
    while (first) {
        struct redis_channel *channel = first;
        first = first->next_gathered;
        redis_presence_forget(bus, channel->name);
        free_channel(channel);
    }
}

/* A cluster refused unspecified subscriptions: repeats all unconfirmed ones. */
static void retry_refused(struct redis_bus *bus)
{
    struct redis_channel *channel;
    struct redis_channel *next;
    if (!bus->has_refused)
        return;
    bus->has_refused = false;
    HASH_ITER(hh, bus->channels, channel, next)
    if (channel->stage == SUBSCRIBING)
        redis_repair_forget(channel);
}

void redis_channels_tick(struct redis_bus *bus, uint64_t now_ms)
{
    enum { VERIFY_SECONDS = 60 };
    struct redis_channel *channel;
    struct redis_channel *next;
    struct redis_channel *unused = NULL;
    size_t unused_count = 0;
    uint64_t place = 0;
    metrics_set(&bus->metrics, METRIC_CHANNELS, HASH_COUNT(bus->channels));
    retry_refused(bus);
    HASH_ITER(hh, bus->channels, channel, next)
    {
        bool is_due = place++ % VERIFY_SECONDS == bus->seconds % VERIFY_SECONDS;
        tick_channel(channel, is_due, now_ms);
        if (!is_unused(channel, now_ms))
            continue;
        channel->next_gathered = unused;
        unused = channel;
        unused_count++;
    }
    leave(bus, unused, unused_count);
}

void redis_channels_free(struct redis_bus *bus)
{
    struct redis_channel *channel;
    struct redis_channel *next;
    HASH_ITER(hh, bus->channels, channel, next)
    {
        expire_waiting(channel, UINT64_MAX);
        free_channel(channel);
    }
}
