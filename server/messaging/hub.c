#include "messaging/hub.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "messaging/channel.h"
#include "messaging/worker.h"

enum { SHARDS = 64 };

struct hub_channel {
    uint64_t workers;           /* bit k: worker k wants it; under the lock */
    _Atomic uint32_t listeners; /* connections of this instance */
    UT_hash_handle hh;
    char name[];
};

struct shard {
    pthread_mutex_t lock;
    struct hub_channel *channels;
};

struct hub {
    struct worker *workers[HUB_WORKERS_MAX]; /* set before threads start */
    unsigned worker_count;
    struct shard shards[SHARDS];
};

struct hub *hub_new(void)
{
    struct hub *hub = memory_new(1, sizeof *hub);
    for (int i = 0; i < SHARDS; i++)
        pthread_mutex_init(&hub->shards[i].lock, NULL);
    return hub;
}

void hub_free(struct hub *hub)
{
    for (int i = 0; i < SHARDS; i++) {
        PANIC_IF(hub->shards[i].channels);
        pthread_mutex_destroy(&hub->shards[i].lock);
    }
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

static struct shard *lock_shard(struct hub *hub, struct bytes channel)
{
    uint64_t hash = hash_bytes(channel.data, channel.len);
    struct shard *shard = &hub->shards[hash >> 32 & (SHARDS - 1)];
    pthread_mutex_lock(&shard->lock);
    return shard;
}

static struct hub_channel *find(struct shard *shard, struct bytes name)
{
    struct hub_channel *channel;
    HASH_FIND(hh, shard->channels, name.data, name.len, channel);
    return channel;
}

static struct hub_channel *add(struct shard *shard, struct bytes name)
{
    struct hub_channel *channel = memory_new(1, sizeof *channel + name.len + 1);
    memcpy(channel->name, name.data, name.len);
    HASH_ADD_KEYPTR(hh, shard->channels, channel->name, name.len, channel);
    return channel;
}

struct hub_channel *hub_enter(struct hub *hub, struct worker *worker,
                              const char *name)
{
    struct shard *shard = lock_shard(hub, bytes_of(name));
    struct hub_channel *channel = find(shard, bytes_of(name));
    if (!channel)
        channel = add(shard, bytes_of(name));
    channel->workers |= UINT64_C(1) << worker->index;
    pthread_mutex_unlock(&shard->lock);
    return channel;
}

void hub_leave(struct hub *hub, struct worker *worker,
               struct hub_channel *channel)
{
    struct shard *shard = lock_shard(hub, bytes_of(channel->name));
    channel->workers &= ~(UINT64_C(1) << worker->index);
    if (!channel->workers) {
        HASH_DEL(shard->channels, channel);
        free(channel);
    }
    pthread_mutex_unlock(&shard->lock);
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

/* On a worker that wanted the channel when the message was posted. */
static void deliver(void *subject, void *object)
{
    struct message *message = object;
    struct channel *channel = channel_find(subject, message->channel);
    if (channel)
        channel_push(channel, message);
    message_unref(message);
}

static void post_to_workers(struct hub *hub, uint64_t workers,
                            struct message *message)
{
    while (workers) {
        struct worker *worker = hub->workers[__builtin_ctzll(workers)];
        workers &= workers - 1;
        inbox_post(&worker->inbox,
                   (struct inbox_item){deliver, worker, message_ref(message)});
    }
}

/* Once for the instance: by its first worker, behind the delivery there. */
static void tell_trace(struct hub *hub, const struct hub_channel *channel,
                       struct message *message)
{
    struct worker *worker = hub->workers[__builtin_ctzll(channel->workers)];
    trace_tell(message, &worker->inbox, channel->listeners);
}

/* Posting under the shard's lock keeps the order of a channel the same for
 * every worker. */
uint32_t hub_deliver(struct hub *hub, struct message *message)
{
    uint32_t listeners = 0;
    struct shard *shard = lock_shard(hub, message->channel);
    struct hub_channel *channel = find(shard, message->channel);
    if (channel) {
        listeners = channel->listeners;
        message->handed_ns = clock_steady_ns();
        post_to_workers(hub, channel->workers, message);
        if (message->trace)
            tell_trace(hub, channel, message);
    }
    pthread_mutex_unlock(&shard->lock);
    return listeners;
}

uint32_t hub_count_listeners(struct hub *hub, struct bytes name)
{
    struct shard *shard = lock_shard(hub, name);
    struct hub_channel *channel = find(shard, name);
    uint32_t listeners = channel ? channel->listeners : 0;
    pthread_mutex_unlock(&shard->lock);
    return listeners;
}

bool hub_is_swamped(const struct hub *hub, size_t limit)
{
    for (unsigned i = 0; i < hub->worker_count; i++)
        if (inbox_depth(&hub->workers[i]->inbox) >= limit)
            return true;
    return false;
}
