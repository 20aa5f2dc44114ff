/* Each channel has a state: its epoch, its last offset, its history and its
 * members. All operations on a channel run under its shard's lock, and their
 * results (messages to the hub, answers to workers) are posted under that lock
 * too, so that every worker sees the same order.
 *
 * A state without subscribers is removed when its history has expired. If the
 * channel is used again, it gets a new epoch, so that its offsets cannot be
 * mistaken for the old ones. */
#include "bus/local/bus_local.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/random.h"
#include "bus/local/local_orders.h"
#include "bus/local/local_presence.h"
#include "messaging/bans.h"
#include "messaging/bus.h"
#include "messaging/deliveries.h"
#include "messaging/hub.h"
#include "messaging/store/history.h"
#include "messaging/store/idempotency.h"
#include "messaging/store/tickets.h"
#include "messaging/watch/overview.h"

enum { PARTS = 64 };

struct channel_state {
    const struct channel_options *options;
    struct position position;
    struct history history;
    struct local_presence presence;
    uint32_t subscribers;
    int64_t idle_since_ms; /* wall clock; when the last one left */
    UT_hash_handle hh;
    char name[];
};

struct shard {
    pthread_mutex_t lock;
    struct channel_state *channels;
    struct idempotency idempotency;
    struct tickets tickets;
};

struct bus_local {
    struct bus base;
    const struct instance *instance;
    _Atomic uint64_t history_bytes;
    _Atomic uint32_t channel_count;
    _Atomic uint32_t key_count; /* idempotency keys of all shards */
    _Atomic uint32_t ticket_count;
    _Atomic bool is_draining; /* clients will not return to this process */
    struct metrics metrics;   /* used by the ticking thread */
    struct shard shards[PARTS];
};

static struct shard *shard_of(struct bus_local *bus, const char *name)
{
    uint64_t hash = hash_bytes(name, strlen(name));
    return &bus->shards[hash >> 32 & (PARTS - 1)];
}

static struct channel_state *find(struct shard *shard, const char *name)
{
    struct channel_state *channel;
    HASH_FIND_NAMED(shard->channels, bytes_of(name), channel);
    return channel;
}

static struct channel_state *add(struct bus_local *bus, struct shard *shard,
                                 const char *name)
{
    const struct messaging_options *options = bus->instance->options;
    if (bus->channel_count >= options->limits.channels)
        return NULL;
    struct channel_state *channel;
    HASH_ADD_NAMED(shard->channels, name, bytes_of(name), channel);
    channel->options = channel_options_find(&options->channels, name);
    channel->presence = (struct local_presence){.instance = bus->instance,
                                                .options = channel->options,
                                                .channel = channel->name};
    channel->position.epoch = random_uint64();
    channel->idle_since_ms = clock_wall_ms();
    bus->channel_count++;
    return channel;
}

/* On NULL, the request's fault is set: too many channels. */
static struct channel_state *
find_or_add(struct bus_local *bus, struct shard *shard, struct request *request)
{
    struct channel_state *channel = find(shard, request->channel);
    if (!channel)
        channel = add(bus, shard, request->channel);
    if (!channel)
        request->fault = FAULT_TOO_MANY_CHANNELS;
    return channel;
}

static void expire(struct bus_local *bus, struct channel_state *channel,
                   int64_t now_ms)
{
    size_t before = channel->history.bytes;
    history_expire(&channel->history, channel->options, now_ms);
    bus->history_bytes -= before - channel->history.bytes;
}

/* If all histories exceed the limit, the busy channels are trimmed. */
static void keep(struct bus_local *bus, struct channel_state *channel,
                 struct message *message)
{
    struct history *history = &channel->history;
    size_t before = history->bytes;
    history_append(history, message, channel->options);
    bus->history_bytes += history->bytes - before;
    uint64_t limit = bus->instance->options->limits.history_bytes;
    while (limit && bus->history_bytes > limit && history->count) {
        before = history->bytes;
        history_drop_oldest(history);
        bus->history_bytes -= before - history->bytes;
    }
}

/* If there are too many keys, this shard's oldest one is removed early. */
static void remember(struct bus_local *bus, struct shard *shard,
                     const struct request *request, int64_t now_ms)
{
    struct idempotency *known = &shard->idempotency;
    bus->key_count -= idempotency_expire(known, now_ms);
    if (bus->key_count >= bus->instance->options->limits.idempotency_keys &&
        idempotency_drop_oldest(known)) {
        bus->key_count--;
        metrics_add(&request->worker->metrics, METRIC_LIMIT_IDEMPOTENCY, 1);
    }
    idempotency_add(known, request, now_ms);
    bus->key_count++;
}

static void publish(struct bus_local *bus, struct shard *shard,
                    struct request *request)
{
    if (request->once.len &&
        idempotency_find(&shard->idempotency, request, clock_wall_ms(),
                         &request->position))
        return;
    struct channel_state *channel = find_or_add(bus, shard, request);
    if (!channel)
        return;
    struct message *message = request->message;
    message->time_ms = clock_wall_ms();
    message->offset = ++channel->position.offset;
    keep(bus, channel, message);
    request->position = channel->position;
    request->connections = hub_deliver(bus->instance->hub, message);
    if (!channel->subscribers)
        channel->idle_since_ms = message->time_ms;
    if (request->once.len)
        remember(bus, shard, request, message->time_ms);
}

static void report_missed(const struct channel_state *channel,
                          struct request *request)
{
    request->position = channel->position;
    history_report_missed(&channel->history, request);
}

static void subscribe(struct bus_local *bus, struct shard *shard,
                      struct request *request)
{
    struct channel_state *channel = find_or_add(bus, shard, request);
    if (!channel)
        return;
    expire(bus, channel, clock_wall_ms());
    channel->subscribers++;
    request->position = channel->position;
    if (request->recover)
        report_missed(channel, request);
    local_presence_enter(&channel->presence, request->client, request->info);
}

static void recover(struct bus_local *bus, struct shard *shard,
                    struct request *request)
{
    struct channel_state *channel = find(shard, request->channel);
    PANIC_IF(!channel || !channel->subscribers);
    expire(bus, channel, clock_wall_ms());
    report_missed(channel, request);
}

static void unsubscribe(struct bus_local *bus, struct shard *shard,
                        struct request *request)
{
    struct channel_state *channel = find(shard, request->channel);
    PANIC_IF(!channel || !channel->subscribers);
    if (!--channel->subscribers)
        channel->idle_since_ms = clock_wall_ms();
    local_presence_leave(&channel->presence, request->client,
                         !bus->is_draining);
}

static void report_history(struct bus_local *bus, struct shard *shard,
                           struct request *request)
{
    struct channel_state *channel = find_or_add(bus, shard, request);
    if (!channel)
        return;
    if (!channel->options->history_size) {
        request->fault = FAULT_NO_HISTORY;
        return;
    }
    expire(bus, channel, clock_wall_ms());
    request->position = channel->position;
    history_report(&channel->history, request);
}

static void report_presence(struct bus_local *bus, struct shard *shard,
                            struct request *request)
{
    const struct channel_options *options = channel_options_find(
        &bus->instance->options->channels, request->channel);
    struct channel_state *channel = find(shard, request->channel);
    if (!options->presence)
        request->fault = FAULT_NO_PRESENCE;
    else if (channel)
        members_report(&channel->presence.members, request);
}

static void send_direct(struct bus_local *bus, struct shard *shard,
                        struct request *request)
{
    (void)shard; /* direct messages keep the order of the calls */
    request->message->time_ms = clock_wall_ms();
    request->connections = deliveries_send(bus->instance->clients,
                                           request->channel, request->message);
}

/* Refuses new tickets at the limit instead of dropping existing ones. */
static void keep_ticket(struct bus_local *bus, struct shard *shard,
                        struct request *request)
{
    if (bus->ticket_count >= bus->instance->options->limits.tickets) {
        metrics_add(&request->worker->metrics, METRIC_LIMIT_TICKETS, 1);
        request->fault = FAULT_UNAVAILABLE;
        return;
    }
    tickets_add(&shard->tickets, request->channel, request->ticket,
                clock_wall_ms() + (int64_t)request->seconds * 1000);
    request->ticket = NULL;
    bus->ticket_count++;
}

static void redeem(struct bus_local *bus, struct shard *shard,
                   struct request *request)
{
    int64_t now_ms = clock_wall_ms();
    bus->ticket_count -= tickets_expire(&shard->tickets, now_ms);
    request->ticket = tickets_take(&shard->tickets, request->channel, now_ms);
    bus->ticket_count -= request->ticket != NULL;
}

static void report_itself(struct bus_local *bus, struct shard *shard,
                          struct request *request)
{
    const struct overview *overview = bus->instance->overview;
    struct buffer report = {0};
    (void)shard;
    overview->write_report(overview->arg, &report);
    request_add_name(request, buffer_bytes(&report));
    buffer_deinit(&report);
}

typedef void serve(struct bus_local *bus, struct shard *shard,
                   struct request *request);

static serve *const servers[REQUEST_KIND_COUNT] = {
    [REQUEST_SUBSCRIBE] = subscribe,     [REQUEST_RECOVER] = recover,
    [REQUEST_UNSUBSCRIBE] = unsubscribe, [REQUEST_PUBLISH] = publish,
    [REQUEST_HISTORY] = report_history,  [REQUEST_PRESENCE] = report_presence,
    [REQUEST_DIRECT] = send_direct,      [REQUEST_INSTANCES] = report_itself,
    [REQUEST_TICKET] = keep_ticket,      [REQUEST_REDEEM] = redeem,
};

/* Over all shards, one at a time. */
static void report_channels(struct bus_local *bus, struct request *request)
{
    for (int i = 0; i < PARTS && request->name_count < request->limit; i++) {
        struct shard *shard = &bus->shards[i];
        pthread_mutex_lock(&shard->lock);
        for (struct channel_state *channel = shard->channels;
             channel && request->name_count < request->limit;
             channel = channel->hh.next)
            if (channel->subscribers)
                request_add_name(request, bytes_of(channel->name));
        pthread_mutex_unlock(&shard->lock);
    }
    request_finish(request);
}

/* The answer is posted under the lock: see the file comment. */
static void bus_local_submit(struct bus *base, struct request *request)
{
    struct bus_local *bus = (struct bus_local *)base;
    if (request->kind == REQUEST_CHANNELS) {
        report_channels(bus, request);
        return;
    }
    if (local_orders_serve(bus->instance, request))
        return;
    struct shard *shard = shard_of(bus, request->channel);
    pthread_mutex_lock(&shard->lock);
    servers[request->kind](bus, shard, request);
    request_finish(request);
    pthread_mutex_unlock(&shard->lock);
}

static void free_state(struct bus_local *bus, struct shard *shard,
                       struct channel_state *channel)
{
    bus->history_bytes -= channel->history.bytes;
    bus->channel_count--;
    history_clear(&channel->history);
    local_presence_deinit(&channel->presence);
    HASH_DEL(shard->channels, channel);
    free(channel);
}

/* A state is kept after its last subscriber as long as returning clients can
 * recover its history. */
static bool is_over(const struct channel_state *channel, int64_t now_ms)
{
    enum {
        GRACE_SECONDS = 60
    }; /* without history: reconnecting clients keep offsets */
    int64_t seconds = channel->options->history_size
                          ? channel->options->history_seconds
                          : GRACE_SECONDS;
    return !channel->subscribers &&
           members_is_empty(&channel->presence.members) &&
           now_ms - channel->idle_since_ms > seconds * 1000;
}

static void bus_local_tick(struct bus *base)
{
    struct bus_local *bus = (struct bus_local *)base;
    int64_t now_ms = clock_wall_ms();
    uint64_t history_messages = 0;
    for (int i = 0; i < PARTS; i++) {
        struct shard *shard = &bus->shards[i];
        pthread_mutex_lock(&shard->lock);
        struct channel_state *channel;
        struct channel_state *next;
        HASH_ITER(hh, shard->channels, channel, next)
        {
            expire(bus, channel, now_ms);
            local_presence_expire(&channel->presence, clock_steady_ms());
            history_messages += channel->history.count;
            if (is_over(channel, now_ms))
                free_state(bus, shard, channel);
        }
        bus->key_count -= idempotency_expire(&shard->idempotency, now_ms);
        bus->ticket_count -= tickets_expire(&shard->tickets, now_ms);
        pthread_mutex_unlock(&shard->lock);
    }
    metrics_set(&bus->metrics, METRIC_CHANNELS, bus->channel_count);
    metrics_set(&bus->metrics, METRIC_BANS, bans_expire(bus->instance->bans));
    metrics_set(&bus->metrics, METRIC_HISTORY_MESSAGES, history_messages);
    metrics_set(&bus->metrics, METRIC_HISTORY_BYTES, bus->history_bytes);
}

static bool bus_local_is_ready(struct bus *base, const char **why)
{
    (void)base;
    *why = NULL;
    return true;
}

/* Clients reconnect to another process, which does not have this state. */
static void bus_local_drain(struct bus *base)
{
    struct bus_local *bus = (struct bus_local *)base;
    bus->is_draining = true;
    for (int i = 0; i < PARTS; i++) {
        struct shard *shard = &bus->shards[i];
        pthread_mutex_lock(&shard->lock);
        struct channel_state *channel;
        struct channel_state *next;
        HASH_ITER(hh, shard->channels, channel, next)
        local_presence_expire(&channel->presence, UINT64_MAX);
        pthread_mutex_unlock(&shard->lock);
    }
}

/* Requests are always answered immediately. */
static void bus_local_stop(struct bus *base)
{
    (void)base;
}

static void bus_local_free(struct bus *base)
{
    struct bus_local *bus = (struct bus_local *)base;
    for (int i = 0; i < PARTS; i++) {
        struct shard *shard = &bus->shards[i];
        struct channel_state *channel;
        struct channel_state *next;
        HASH_ITER(hh, shard->channels, channel, next)
        free_state(bus, shard, channel);
        idempotency_clear(&shard->idempotency);
        tickets_clear(&shard->tickets);
        pthread_mutex_destroy(&shard->lock);
    }
    free(bus);
}

static const struct bus_ops ops = {
    .submit = bus_local_submit,
    .tick = bus_local_tick,
    .is_ready = bus_local_is_ready,
    .drain = bus_local_drain,
    .stop = bus_local_stop,
    .free = bus_local_free,
};

const struct metrics *bus_local_metrics(const struct bus *base)
{
    return &((const struct bus_local *)base)->metrics;
}

struct bus *bus_local_new(const struct instance *instance)
{
    struct bus_local *bus = memory_new(1, sizeof *bus);
    bus->base.ops = &ops;
    bus->instance = instance;
    for (int i = 0; i < PARTS; i++)
        pthread_mutex_init(&bus->shards[i].lock, NULL);
    return &bus->base;
}
