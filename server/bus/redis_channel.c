/* The channels somebody here subscribes to: Redis is subscribed to with the
 * first of them and left behind the last, after a while. */
#include "bus/redis_channel.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

enum { GRACE_MS = 2000 };

struct redis_channel *redis_channel_find(struct redis_bus *bus,
                                         const char *name)
{
    struct redis_channel *channel;
    HASH_FIND_STR(bus->channels, name, channel);
    return channel;
}

static struct redis_channel *find_or_add(struct redis_bus *bus,
                                         const char *name)
{
    struct redis_channel *channel = redis_channel_find(bus, name);
    if (channel)
        return channel;
    size_t len = strlen(name);
    channel = memory_new(1, sizeof *channel + len + 1);
    memcpy(channel->name, name, len + 1);
    channel->bus = bus;
    channel->options =
        channel_options_find(&bus->instance->options->channels, name);
    HASH_ADD_KEYPTR(hh, bus->channels, channel->name, len, channel);
    return channel;
}

static void send_subscription(struct redis_channel *channel, bool subscribe)
{
    struct redis_bus *bus = channel->bus;
    static const char *const verbs[2][2] = {
        {"UNSUBSCRIBE", "SUBSCRIBE"},
        {"SUNSUBSCRIBE", "SSUBSCRIBE"},
    };
    char *name = redis_key(bus, channel->name, "c");
    const struct bytes words[] = {
        bytes_of(verbs[bus->options->sharded][subscribe]), bytes_of(name)};
    redis_link_push(bus->subscriptions, words, 2);
    free(name);
}

static void start_subscribing(struct redis_channel *channel)
{
    if (channel->stage != UNSUBSCRIBED ||
        !redis_link_is_up(channel->bus->subscriptions))
        return;
    channel->stage = SUBSCRIBING;
    send_subscription(channel, true);
}

/* The clocks may be of two machines: earlier than sent counts as at once. */
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
    if (channel)
        redis_repair_take(channel, &envelope);
}

void redis_channel_on_confirmed(struct redis_bus *bus, const char *name)
{
    struct redis_channel *channel = redis_channel_find(bus, name);
    if (channel && channel->stage == SUBSCRIBING)
        redis_repair_start(channel);
}

void redis_channels_subscribe_again(struct redis_bus *bus)
{
    struct redis_channel *channel;
    struct redis_channel *next;
    HASH_ITER(hh, bus->channels, channel, next)
        start_subscribing(channel);
}

void redis_channels_forget(struct redis_bus *bus)
{
    struct redis_channel *channel;
    struct redis_channel *next;
    HASH_ITER(hh, bus->channels, channel, next)
    {
        channel->stage = UNSUBSCRIBED;
        redis_messages_clear(&channel->held);
    }
}

void redis_channels_read_again(struct redis_bus *bus)
{
    struct redis_channel *channel;
    struct redis_channel *next;
    HASH_ITER(hh, bus->channels, channel, next)
    {
        redis_repair_resume(channel);
        redis_recovery_serve(channel);
    }
}

static void count_member(struct redis_channel *channel, const char *client)
{
    redis_presence_set(channel->bus, channel->name, client,
                       members_count(&channel->members, client));
}

void redis_channel_subscribe(struct redis_bus *bus, struct request *request)
{
    if (!redis_channel_find(bus, request->channel) &&
        HASH_COUNT(bus->channels) >= bus->instance->options->limits.channels) {
        request->fault = FAULT_TOO_MANY_CHANNELS;
        request_finish(request);
        return;
    }
    struct redis_channel *channel = find_or_add(bus, request->channel);
    channel->subscribers++;
    members_add(&channel->members, request->client);
    count_member(channel, request->client);
    redis_recovery_wait(channel, request);
    start_subscribing(channel);
    redis_recovery_serve(channel);
}

static void drop_subscriber(struct redis_channel *channel, const char *client)
{
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
    struct request *waiting = channel->waiting;
    channel->waiting = NULL;
    while (waiting) {
        struct request *request = waiting;
        waiting = waiting->next;
        if (now_ms - request->since_ms <= patience_ms) {
            redis_recovery_wait(channel, request);
            continue;
        }
        drop_subscriber(channel, request->client);
        redis_refuse(channel->bus, request);
    }
}

static void free_channel(struct redis_channel *channel)
{
    HASH_DEL(channel->bus->channels, channel);
    redis_messages_clear(&channel->held);
    redis_messages_clear(&channel->recent);
    message_unref(channel->last);
    members_clear(&channel->members);
    free(channel);
}

static bool is_unused(const struct redis_channel *channel, uint64_t now_ms)
{
    return !channel->subscribers && !channel->is_reading &&
           !channel->recoveries && now_ms >= channel->leave_ms;
}

/* A message that pub/sub lost is noticed with the next one; if none comes,
 * by asking now and then. */
static void verify(struct redis_channel *channel)
{
    if (channel->stage == LIVE && channel->subscribers)
        redis_repair_start(channel);
}

void redis_channels_tick(struct redis_bus *bus, uint64_t now_ms)
{
    enum { VERIFY_SECONDS = 60 };
    struct redis_channel *channel;
    struct redis_channel *next;
    uint64_t place = 0;
    metrics_set(&bus->metrics, METRIC_CHANNELS, HASH_COUNT(bus->channels));
    HASH_ITER(hh, bus->channels, channel, next)
    {
        expire_waiting(channel, now_ms);
        redis_repair_resume(channel);
        if (place++ % VERIFY_SECONDS == bus->seconds % VERIFY_SECONDS)
            verify(channel);
        if (is_unused(channel, now_ms)) {
            if (channel->stage != UNSUBSCRIBED)
                send_subscription(channel, false);
            redis_presence_forget(bus, channel->name);
            free_channel(channel);
        }
    }
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

struct member_visit {
    struct redis_channel *channel;
    void (*visit)(struct redis_bus *bus, const char *channel,
                  const char *client, uint32_t connections);
};

static void visit_member(void *arg, const char *client, uint32_t connections)
{
    struct member_visit *visit = arg;
    visit->visit(visit->channel->bus, visit->channel->name, client,
                 connections);
}

void redis_channels_each_member(struct redis_bus *bus,
                                void (*visit)(struct redis_bus *bus,
                                              const char *channel,
                                              const char *client,
                                              uint32_t connections))
{
    struct redis_channel *channel;
    struct redis_channel *next;
    HASH_ITER(hh, bus->channels, channel, next)
    {
        struct member_visit member_visit = {channel, visit};
        members_each(&channel->members, visit_member, &member_visit);
    }
}
