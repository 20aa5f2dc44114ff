/* The channels somebody here subscribes to, and where we stand in each.
 *
 * A channel is LIVE when pub/sub is subscribed and `position` names the last
 * message given to the hub: then the next one pushed is delivered if its
 * offset is the next, ignored if it was there already, and otherwise shows
 * that something was missed. Whatever was missed (by a subscription that was
 * cut, too) is read from the stream, while what is pushed meanwhile is held
 * back; only then goes everything out, in order. What the stream no longer
 * has is told as a gap.
 *
 * Answers to subscribers leave from here as well, so that they stand at the
 * right place between the messages. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "bus/redis_bus.h"
#include "bus/redis_envelope.h"
#include "bus/redis_push.h"
#include "messaging/members.h"

enum channel_stage {
    UNSUBSCRIBED, /* or pub/sub is away */
    SUBSCRIBING,
    READING, /* the stream is asked what was missed */
    LIVE
};

enum { GRACE_MS = 2000, HELD_MAX = 100000 };

/* A growing list of messages; holds a reference each. */
struct messages {
    struct message **items;
    size_t count;
    size_t capacity;
};

struct redis_channel {
    const struct channel_options *options;
    enum channel_stage stage;
    bool has_position;
    bool is_reading;  /* an answer of read.lua is under way */
    bool has_lost;    /* held overflowed: read again */
    struct position position;
    uint64_t held_epoch; /* of what is held */
    struct messages held;
    struct messages recent; /* delivered while a recovery is under way */
    uint32_t recoveries;
    uint32_t subscribers;
    struct members members;
    struct request *waiting; /* subscribes without an answer */
    uint64_t leave_ms;       /* with no subscribers: when to unsubscribe */
    struct redis_bus *bus;
    UT_hash_handle hh;
    char name[];
};

static void messages_add(struct messages *list, struct message *message)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 8;
        list->items =
            memory_resize(list->items, list->capacity, sizeof *list->items);
    }
    list->items[list->count++] = message_ref(message);
}

static void messages_clear(struct messages *list)
{
    for (size_t i = 0; i < list->count; i++)
        message_unref(list->items[i]);
    free(list->items);
    *list = (struct messages){0};
}

static struct redis_channel *find(struct redis_bus *bus, const char *name)
{
    struct redis_channel *channel;
    HASH_FIND_STR(bus->channels, name, channel);
    return channel;
}

static struct redis_channel *find_or_add(struct redis_bus *bus,
                                         const char *name)
{
    struct redis_channel *channel = find(bus, name);
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

/* ---- subscribers ------------------------------------------------------ */

static void answer(struct redis_channel *channel, struct request *request)
{
    request->position = channel->position;
    request_finish(request);
}

/* What is between `since` and where we stand: out of the stream what it has,
 * the rest out of what was delivered meanwhile. True when nothing is missing.
 */
static bool collect(struct redis_channel *channel, struct request *request,
                    const struct redisReply *entries)
{
    uint64_t next = request->since.offset + 1;
    for (size_t i = 0; i < redis_push_count(entries); i++) {
        struct bytes text;
        struct envelope envelope;
        if (!redis_push_bytes(redis_push_element(entries, i), &text) ||
            !redis_envelope_decode(text, &envelope) ||
            envelope.position.offset != next ||
            next > channel->position.offset)
            continue;
        struct message *message =
            redis_envelope_message(&envelope, bytes_of(channel->name));
        request_add_message(request, message);
        message_unref(message);
        next++;
    }
    for (size_t i = 0; i < channel->recent.count; i++) {
        if (channel->recent.items[i]->offset != next)
            continue;
        request_add_message(request, channel->recent.items[i]);
        next++;
    }
    return next == channel->position.offset + 1;
}

static void forget_messages(struct request *request)
{
    for (size_t i = 0; i < request->message_count; i++)
        message_unref(request->messages[i]);
    request->message_count = 0;
}

static void serve_waiting(struct redis_channel *channel);

static void on_recovered(void *arg, const struct redisReply *reply)
{
    struct request *request = arg;
    struct redis_bus *bus = request->bus_data;
    struct redis_channel *channel = find(bus, request->channel);
    struct position position;
    if (!reply || redis_is_passing_error(bus, reply)) {
        request->next = channel->waiting;
        channel->waiting = request;
    } else {
        request->recovered =
            redis_push_position(reply, &position) &&
            position.epoch == channel->position.epoch &&
            request->since.epoch == channel->position.epoch &&
            collect(channel, request, redis_push_element(reply, 2));
        if (!request->recovered)
            forget_messages(request);
        answer(channel, request);
    }
    if (!--channel->recoveries)
        messages_clear(&channel->recent);
}

static void recover(struct redis_channel *channel, struct request *request)
{
    channel->recoveries++;
    redis_read(channel->bus, channel->name, "after", request->since.offset,
               NULL, on_recovered, request);
}

/* Whether the answer must be looked for in the stream. */
static bool needs_stream(const struct redis_channel *channel,
                         struct request *request)
{
    const struct position *since = &request->since;
    const struct position *now = &channel->position;
    if (!request->recover || since->epoch != now->epoch ||
        since->offset > now->offset)
        return false;
    request->recovered = since->offset == now->offset;
    return !request->recovered && channel->options->history_size;
}

static void serve_waiting(struct redis_channel *channel)
{
    if (channel->stage != LIVE)
        return;
    struct request *waiting = channel->waiting;
    struct request *still = NULL;
    channel->waiting = NULL;
    while (waiting) {
        struct request *request = waiting;
        waiting = waiting->next;
        if (!needs_stream(channel, request)) {
            answer(channel, request);
        } else if (channel->bus->is_serving) {
            recover(channel, request);
        } else {
            request->next = still;
            still = request;
        }
    }
    if (still)
        channel->waiting = still;
}

/* ---- messages --------------------------------------------------------- */

static void deliver(struct redis_channel *channel, struct message *message)
{
    channel->position.offset = message->offset;
    if (channel->recoveries)
        messages_add(&channel->recent, message);
    hub_deliver(channel->bus->instance->hub, message);
}

static void tell_gap(struct redis_channel *channel)
{
    metrics_add(&channel->bus->metrics, METRIC_REDIS_GAPS, 1);
    struct message *message =
        message_new(MESSAGE_GAP, bytes_of(channel->name), (struct bytes){0},
                    (struct bytes){0});
    hub_deliver(channel->bus->instance->hub, message);
    message_unref(message);
}

static void start_reading(struct redis_channel *channel);

/* A message at its turn. False when one before it is missing. */
static bool accept(struct redis_channel *channel, struct message *message)
{
    if (message->kind != MESSAGE_PUBLICATION) {
        hub_deliver(channel->bus->instance->hub, message);
        return true;
    }
    if (message->offset > channel->position.offset + 1)
        return false;
    if (message->offset == channel->position.offset + 1)
        deliver(channel, message);
    return true;
}

static void hold(struct redis_channel *channel, struct message *message,
                 uint64_t epoch)
{
    /* what is held of an older epoch counts no longer */
    bool is_new = message->kind == MESSAGE_PUBLICATION &&
                  channel->held_epoch != epoch;
    if (is_new) {
        messages_clear(&channel->held);
        channel->held_epoch = epoch;
    }
    if (channel->held.count == HELD_MAX) {
        messages_clear(&channel->held);
        channel->has_lost = true;
    }
    messages_add(&channel->held, message);
}

/* What was held back goes out; when something is missing in it, the stream is
 * asked again. */
static void release_held(struct redis_channel *channel)
{
    struct messages held = channel->held;
    bool same_epoch = channel->held_epoch == channel->position.epoch;
    channel->held = (struct messages){0};
    for (size_t i = 0; i < held.count; i++) {
        struct message *message = held.items[i];
        bool numbered = message->kind == MESSAGE_PUBLICATION;
        if (channel->stage != LIVE)
            messages_add(&channel->held, message);
        else if (numbered && !same_epoch)
            channel->has_lost = true; /* which is newer? the stream knows */
        else if (!accept(channel, message)) {
            messages_add(&channel->held, message);
            start_reading(channel);
        }
    }
    messages_clear(&held);
}

/* Delivers what the stream has from where we stand. */
static void deliver_missed(struct redis_channel *channel,
                           const struct redisReply *entries)
{
    for (size_t i = 0; i < redis_push_count(entries); i++) {
        struct bytes text;
        struct envelope envelope;
        if (!redis_push_bytes(redis_push_element(entries, i), &text) ||
            !redis_envelope_decode(text, &envelope) ||
            envelope.position.offset != channel->position.offset + 1)
            continue;
        struct message *message =
            redis_envelope_message(&envelope, bytes_of(channel->name));
        deliver(channel, message);
        message_unref(message);
        metrics_add(&channel->bus->metrics, METRIC_REDIS_REPAIRED, 1);
    }
}

/* Whoever subscribed before knows an older position: it catches up from the
 * stream, or learns that it cannot. */
static void catch_up(struct redis_channel *channel, struct position position,
                     const struct redisReply *entries)
{
    bool is_first = !channel->has_position;
    channel->has_position = true;
    if (!is_first && position.epoch == channel->position.epoch) {
        if (position.offset > channel->position.offset)
            deliver_missed(channel, entries);
        if (position.offset <= channel->position.offset)
            return;
    }
    channel->position = position;
    if (!is_first)
        tell_gap(channel);
}

static void on_read(void *arg, const struct redisReply *reply)
{
    struct redis_channel *channel = arg;
    struct position position;
    channel->is_reading = false;
    if (!reply || redis_is_passing_error(channel->bus, reply) ||
        !redis_push_position(reply, &position) || channel->stage != READING)
        return; /* redis_channels_read_again, or a new subscription, follows */
    catch_up(channel, position, redis_push_element(reply, 2));
    channel->stage = LIVE;
    release_held(channel);
    if (channel->has_lost) {
        channel->has_lost = false;
        start_reading(channel);
    }
    serve_waiting(channel);
}

static void read_stream(struct redis_channel *channel)
{
    if (channel->is_reading || !channel->bus->is_serving)
        return;
    channel->is_reading = true;
    redis_read(channel->bus, channel->name,
               channel->has_position ? "after" : "none",
               channel->position.offset,
               channel->has_position ? &channel->position : NULL, on_read,
               channel);
}

static void start_reading(struct redis_channel *channel)
{
    channel->stage = READING;
    read_stream(channel);
}

void redis_channel_on_message(struct redis_bus *bus, const char *name,
                              struct bytes text)
{
    struct redis_channel *channel = find(bus, name);
    struct envelope envelope;
    if (!redis_envelope_decode(text, &envelope)) {
        metrics_add(&bus->metrics, METRIC_REDIS_MALFORMED, 1);
        return;
    }
    if (!channel)
        return;
    struct message *message = redis_envelope_message(&envelope, bytes_of(name));
    bool is_other_epoch = envelope.kind == ENVELOPE_PUBLICATION &&
                          envelope.position.epoch != channel->position.epoch;
    if (channel->stage != LIVE) {
        hold(channel, message, envelope.position.epoch);
    } else if (is_other_epoch || !accept(channel, message)) {
        hold(channel, message, envelope.position.epoch);
        start_reading(channel);
    }
    message_unref(message);
}

/* ---- subscriptions ---------------------------------------------------- */

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

void redis_channel_on_confirmed(struct redis_bus *bus, const char *name)
{
    struct redis_channel *channel = find(bus, name);
    if (channel && channel->stage == SUBSCRIBING)
        start_reading(channel);
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
        messages_clear(&channel->held);
    }
}

void redis_channels_read_again(struct redis_bus *bus)
{
    struct redis_channel *channel;
    struct redis_channel *next;
    HASH_ITER(hh, bus->channels, channel, next)
    {
        if (channel->stage == READING)
            read_stream(channel);
        serve_waiting(channel);
    }
}

static void count_member(struct redis_channel *channel, const char *client)
{
    redis_presence_set(channel->bus, channel->name, client,
                       members_count(&channel->members, client));
}

static void add_waiting(struct redis_channel *channel, struct request *request)
{
    struct request **at = &channel->waiting;
    while (*at)
        at = &(*at)->next;
    request->next = NULL;
    *at = request;
}

void redis_channel_subscribe(struct redis_bus *bus, struct request *request)
{
    if (!find(bus, request->channel) &&
        HASH_COUNT(bus->channels) >= bus->instance->options->limits.channels) {
        request->fault = FAULT_TOO_MANY_CHANNELS;
        request_finish(request);
        return;
    }
    struct redis_channel *channel = find_or_add(bus, request->channel);
    channel->subscribers++;
    members_add(&channel->members, request->client);
    count_member(channel, request->client);
    add_waiting(channel, request);
    start_subscribing(channel);
    serve_waiting(channel);
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
    struct redis_channel *channel = find(bus, request->channel);
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
            add_waiting(channel, request);
            continue;
        }
        metrics_add(&channel->bus->metrics, METRIC_REDIS_UNAVAILABLE, 1);
        drop_subscriber(channel, request->client);
        request->fault = FAULT_UNAVAILABLE;
        request_finish(request);
    }
}

static void free_channel(struct redis_channel *channel)
{
    HASH_DEL(channel->bus->channels, channel);
    messages_clear(&channel->held);
    messages_clear(&channel->recent);
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
        start_reading(channel);
}

void redis_channels_tick(struct redis_bus *bus, uint64_t now_ms)
{
    enum { VERIFY_SECONDS = 60 };
    struct redis_channel *channel;
    struct redis_channel *next;
    uint64_t place = 0;
    HASH_ITER(hh, bus->channels, channel, next)
    {
        expire_waiting(channel, now_ms);
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
