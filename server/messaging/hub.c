#include "messaging/hub.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/shards.h"
#include "messaging/worker.h"

struct hub_channel {
    uint64_t workers; /* bit k: worker k has subscribers; under the lock */
    _Atomic uint32_t listeners; /* connections of this instance */
    UT_hash_handle hh;
    char name[];
};

struct hub {
    /* set before threads start */
    hub_deliver_function *deliver;
    struct worker *workers[HUB_WORKERS_MAX];
    unsigned worker_count;
    /* any thread */
    struct shards shards;
    struct hub_channel *channels[SHARDS]; /* under their locks */
};

struct hub *hub_new(hub_deliver_function *deliver)
{
    struct hub *hub = memory_new(1, sizeof *hub);
    hub->deliver = deliver;
    shards_init(&hub->shards);
    return hub;
}

void hub_free(struct hub *hub)
{
    for (unsigned i = 0; i < SHARDS; i++)
        PANIC_IF(hub->channels[i]);
    shards_deinit(&hub->shards);
    free(hub);
}

void hub_add_worker(struct hub *hub, struct worker *worker)
{
    PANIC_IF(worker->index >= HUB_WORKERS_MAX);
    hub->workers[worker->index] = worker;
    hub->worker_count++;
}

unsigned hub_worker_count(const struct hub *hub)
{
    return hub->worker_count;
}

struct worker *hub_worker(const struct hub *hub, unsigned index)
{
    return hub->workers[index];
}

static struct hub_channel *find(const struct hub *hub, unsigned part,
                                struct bytes name)
{
    struct hub_channel *channel;
    HASH_FIND_NAMED(hub->channels[part], name, channel);
    return channel;
}

struct hub_channel *hub_enter(struct hub *hub, struct worker *worker,
                              const char *name)
{
    unsigned part = shards_lock(&hub->shards, bytes_of(name));
    struct hub_channel *channel;
    HASH_FIND_OR_ADD_NAMED(hub->channels[part], name, bytes_of(name), channel);
    channel->workers |= UINT64_C(1) << worker->index;
    shards_unlock(&hub->shards, part);
    return channel;
}

void hub_leave(struct hub *hub, struct worker *worker,
               struct hub_channel *channel)
{
    unsigned part = shards_lock(&hub->shards, bytes_of(channel->name));
    channel->workers &= ~(UINT64_C(1) << worker->index);
    if (!channel->workers) {
        HASH_DEL(hub->channels[part], channel);
        free(channel);
    }
    shards_unlock(&hub->shards, part);
}

void hub_count_listener(struct hub_channel *channel, int by)
{
    atomic_fetch_add_explicit(&channel->listeners, (uint32_t)by,
                              memory_order_relaxed);
}

uint32_t hub_listeners(const struct hub_channel *channel)
{
    return atomic_load_explicit(&channel->listeners, memory_order_relaxed);
}

static void post_to_workers(struct hub *hub, uint64_t workers,
                            struct message *message)
{
    while (workers) {
        struct worker *worker = hub->workers[__builtin_ctzll(workers)];
        workers &= workers - 1;
        inbox_post(&worker->inbox, (struct inbox_item){hub->deliver, worker,
                                                       message_share(message)});
    }
}

/* Once per instance: by its first worker, after the delivery there. */
static void tell_trace(struct hub *hub, const struct hub_channel *channel,
                       struct message *message)
{
    struct worker *worker = hub->workers[__builtin_ctzll(channel->workers)];
    message_log_delivery(message, &worker->inbox, channel->listeners);
}

/* Posting under the shard's lock gives every worker the same order of a
 * channel. */
uint32_t hub_deliver(struct hub *hub, struct message *message)
{
    uint32_t listeners = 0;
    unsigned part = shards_lock(&hub->shards, message->channel);
    struct hub_channel *channel = find(hub, part, message->channel);
    if (channel) {
        listeners = channel->listeners;
        message->handed_ns = clock_steady_ns();
        /* a fast worker must not end the delivery before it has begun on all */
        message_share(message);
        post_to_workers(hub, channel->workers, message);
        message_unshare(message);
        if (message->trace)
            tell_trace(hub, channel, message);
    }
    shards_unlock(&hub->shards, part);
    return listeners;
}

uint32_t hub_count_listeners(struct hub *hub, struct bytes name)
{
    unsigned part = shards_lock(&hub->shards, name);
    struct hub_channel *channel = find(hub, part, name);
    uint32_t listeners = channel ? channel->listeners : 0;
    shards_unlock(&hub->shards, part);
    return listeners;
}

void hub_each(struct hub *hub,
              void (*visit)(void *arg, const char *name, uint32_t listeners),
              void *arg)
{
    struct hub_channel *channel;
    struct hub_channel *next;
    for (unsigned i = 0; i < SHARDS; i++) {
        shards_lock_part(&hub->shards, i);
        HASH_ITER(hh, hub->channels[i], channel, next)
        if (hub_listeners(channel))
            visit(arg, channel->name, hub_listeners(channel));
        shards_unlock(&hub->shards, i);
    }
}

bool hub_is_swamped(const struct hub *hub, size_t limit)
{
    for (unsigned i = 0; i < hub->worker_count; i++)
        if (inbox_depth(&hub->workers[i]->inbox) >= limit)
            return true;
    return false;
}
