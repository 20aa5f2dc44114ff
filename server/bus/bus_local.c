/* Each channel has a state: its epoch, its last offset, its history and its
 * members. All that happens to a channel happens under its shard's lock, and
 * what comes of it (messages to the hub, answers to workers) is posted under
 * that lock too: so every worker sees one order.
 *
 * A state nobody subscribes to goes when its history has run out; should the
 * channel come back, it has a new epoch, and no one mistakes its offsets for
 * the old ones. */
#include "bus/bus_local.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/random.h"
#include "messaging/history.h"
#include "messaging/idempotency.h"
#include "messaging/members.h"
#include "messaging/tickets.h"

enum { SHARDS = 64 };

struct channel_state {
    const struct channel_options *options;
    struct position position;
    struct history history;
    struct members members;
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
    _Atomic uint32_t key_count; /* of idempotency, over all shards */
    _Atomic uint32_t ticket_count;
    struct metrics metrics; /* the ticking thread's */
    struct shard shards[SHARDS];
};

static struct shard *shard_of(struct bus_local *bus, const char *name)
{
    uint64_t hash = hash_bytes(name, strlen(name));
    return &bus->shards[hash >> 32 & (SHARDS - 1)];
}

static struct channel_state *find(struct shard *shard, const char *name)
{
    struct channel_state *channel;
    HASH_FIND_STR(shard->channels, name, channel);
    return channel;
}

static struct channel_state *add(struct bus_local *bus, struct shard *shard,
                                 const char *name)
{
    const struct messaging_options *options = bus->instance->options;
    if (bus->channel_count >= options->limits.channels)
        return NULL;
    size_t len = strlen(name);
    struct channel_state *channel = memory_new(1, sizeof *channel + len + 1);
    memcpy(channel->name, name, len + 1);
    channel->options = channel_options_find(&options->channels, name);
    channel->position.epoch = random_uint64();
    channel->idle_since_ms = clock_wall_ms();
    HASH_ADD_KEYPTR(hh, shard->channels, channel->name, len, channel);
    bus->channel_count++;
    return channel;
}

/* NULL sets the request's fault: there are too many channels. */
static struct channel_state *find_or_add(struct bus_local *bus,
                                         struct shard *shard,
                                         struct request *request)
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

/* When all histories together are too big, the busy channels pay. */
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

/* When there are too many keys, this shard's oldest is forgotten early. */
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
    if (request->is_once &&
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
    if (request->is_once)
        remember(bus, shard, request, message->time_ms);
}

/* Tells the subscribers who came or went, where the options ask for it. */
static void announce(struct bus_local *bus, const struct channel_state *channel,
                     enum message_kind kind, const char *client)
{
    if (!channel->options->join_leave)
        return;
    struct message *message =
        message_new(kind, bytes_of(channel->name), bytes_of(client),
                    (struct bytes){0});
    message->time_ms = clock_wall_ms();
    hub_deliver(bus->instance->hub, message);
    message_unref(message);
}

/* The join goes out first: the newcomer knows already that it is here. */
static void enter(struct bus_local *bus, struct channel_state *channel,
                  const char *client)
{
    struct hooks *hooks = bus->instance->hooks;
    bool was_empty = !channel->members.first;
    if (!channel->options->presence || !members_add(&channel->members, client))
        return;
    announce(bus, channel, MESSAGE_JOIN, client);
    if (was_empty)
        hook_tell_channel(hooks, EVENT_CHANNEL_OCCUPIED, channel->name, NULL);
    hook_tell_channel(hooks, EVENT_MEMBER_ADDED, channel->name, client);
}

static void leave(struct bus_local *bus, struct channel_state *channel,
                  const char *client)
{
    struct hooks *hooks = bus->instance->hooks;
    if (!channel->options->presence ||
        !members_remove(&channel->members, client))
        return;
    announce(bus, channel, MESSAGE_LEAVE, client);
    hook_tell_channel(hooks, EVENT_MEMBER_REMOVED, channel->name, client);
    if (!channel->members.first)
        hook_tell_channel(hooks, EVENT_CHANNEL_VACATED, channel->name, NULL);
}

static void report_missed(struct channel_state *channel,
                          struct request *request)
{
    const struct history *history = &channel->history;
    uint32_t index;
    if (request->since.epoch != channel->position.epoch ||
        !history_find(history, request->since.offset, channel->position.offset,
                      &index))
        return;
    request->recovered = true;
    for (; index < history->count; index++)
        request_add_message(request, history_at(history, index));
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
    enter(bus, channel, request->client);
}

static void unsubscribe(struct bus_local *bus, struct shard *shard,
                        struct request *request)
{
    struct channel_state *channel = find(shard, request->channel);
    PANIC_IF(!channel || !channel->subscribers);
    if (!--channel->subscribers)
        channel->idle_since_ms = clock_wall_ms();
    leave(bus, channel, request->client);
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
    uint32_t count = channel->history.count;
    uint32_t index = count > request->limit ? count - request->limit : 0;
    for (; index < count; index++)
        request_add_message(request, history_at(&channel->history, index));
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
        members_report(&channel->members, request);
}

static void send_direct(struct bus_local *bus, struct shard *shard,
                        struct request *request)
{
    (void)shard; /* the order of direct messages is that of the calls */
    request->message->time_ms = clock_wall_ms();
    request->connections = clients_send(bus->instance->clients,
                                        request->channel, request->message);
}

static void disconnect(struct bus_local *bus, struct shard *shard,
                       struct request *request)
{
    (void)shard;
    request->instances = 1;
    request->connections =
        clients_close(bus->instance->clients, request->client,
                      CLOSE_DISCONNECTED, request->reason);
}

static void remove_client(struct bus_local *bus, struct shard *shard,
                          struct request *request)
{
    (void)shard;
    request->instances = 1;
    request->connections =
        clients_remove(bus->instance->clients, request->client,
                       bytes_of(request->channel));
}

/* A ticket refused can be asked for again; one forgotten would surprise. */
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
    [REQUEST_SUBSCRIBE] = subscribe,
    [REQUEST_UNSUBSCRIBE] = unsubscribe,
    [REQUEST_PUBLISH] = publish,
    [REQUEST_HISTORY] = report_history,
    [REQUEST_PRESENCE] = report_presence,
    [REQUEST_DIRECT] = send_direct,
    [REQUEST_DISCONNECT] = disconnect,
    [REQUEST_REMOVE] = remove_client,
    [REQUEST_INSTANCES] = report_itself,
    [REQUEST_TICKET] = keep_ticket,
    [REQUEST_REDEEM] = redeem,
};

/* Over all shards, one at a time. */
static void report_channels(struct bus_local *bus, struct request *request)
{
    for (int i = 0; i < SHARDS && request->name_count < request->limit; i++) {
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

/* The answer is posted under the lock: see the note on top. */
static void bus_local_submit(struct bus *base, struct request *request)
{
    struct bus_local *bus = (struct bus_local *)base;
    if (request->kind == REQUEST_CHANNELS) {
        report_channels(bus, request);
        return;
    }
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
    members_clear(&channel->members);
    HASH_DEL(shard->channels, channel);
    free(channel);
}

/* A state outlives its last subscriber as long as its history is promised to
 * those who come back. */
static bool is_over(const struct channel_state *channel, int64_t now_ms)
{
    enum { GRACE_SECONDS = 60 }; /* without history: reconnects keep offsets */
    int64_t seconds = channel->options->history_size
                          ? channel->options->history_seconds
                          : GRACE_SECONDS;
    return !channel->subscribers &&
           now_ms - channel->idle_since_ms > seconds * 1000;
}

static void bus_local_tick(struct bus *base)
{
    struct bus_local *bus = (struct bus_local *)base;
    int64_t now_ms = clock_wall_ms();
    uint64_t history_messages = 0;
    for (int i = 0; i < SHARDS; i++) {
        struct shard *shard = &bus->shards[i];
        pthread_mutex_lock(&shard->lock);
        struct channel_state *channel;
        struct channel_state *next;
        HASH_ITER(hh, shard->channels, channel, next)
        {
            expire(bus, channel, now_ms);
            history_messages += channel->history.count;
            if (is_over(channel, now_ms))
                free_state(bus, shard, channel);
        }
        bus->key_count -= idempotency_expire(&shard->idempotency, now_ms);
        bus->ticket_count -= tickets_expire(&shard->tickets, now_ms);
        pthread_mutex_unlock(&shard->lock);
    }
    metrics_set(&bus->metrics, METRIC_CHANNELS, bus->channel_count);
    metrics_set(&bus->metrics, METRIC_HISTORY_MESSAGES, history_messages);
    metrics_set(&bus->metrics, METRIC_HISTORY_BYTES, bus->history_bytes);
}

static bool bus_local_is_ready(struct bus *base, const char **why)
{
    (void)base;
    *why = NULL;
    return true;
}

/* Nothing is ever left unanswered here. */
static void bus_local_stop(struct bus *base)
{
    (void)base;
}

static void bus_local_free(struct bus *base)
{
    struct bus_local *bus = (struct bus_local *)base;
    for (int i = 0; i < SHARDS; i++) {
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
    for (int i = 0; i < SHARDS; i++)
        pthread_mutex_init(&bus->shards[i].lock, NULL);
    return &bus->base;
}
