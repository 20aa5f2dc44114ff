#include "bus/redis/redis_order.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "bus/redis/redis_call.h"
#include "bus/redis/redis_keys.h"
#include "bus/redis/redis_push.h"
#include "bus/redis/redis_send.h"
#include "bus/redis/redis_sentinel.h"
#include "messaging/store/epoch.h"

enum { KEPT_SECONDS = 60, CHANNELS_MAX = 100000 };

struct redis_order {
    uint64_t last_number;
    uint32_t count;        /* sent and not answered */
    bool is_doubtful;      /* the server may lack acknowledged messages */
    bool is_asked;         /* and is being queried */
    struct position acked; /* offset 0: none */
    int64_t time_ms;       /* of the message there */
    int64_t acked_ms;
    uint64_t acked_tick; /* of the bus's seconds, which stand still with it */
    struct redis_bus *bus;
    UT_hash_handle hh;
    char channel[];
};

static struct redis_order *find_or_add(struct redis_bus *bus,
                                       const char *channel)
{
    struct redis_order *order;
    HASH_FIND_OR_ADD_NAMED(bus->orders, channel, bytes_of(channel), order);
    order->bus = bus;
    return order;
}

static void drop(struct redis_bus *bus, struct redis_order *order)
{
    HASH_DEL(bus->orders, order);
    free(order);
}

uint32_t redis_order_begin(struct redis_bus *bus, const char *channel,
                           uint64_t number, uint64_t *before)
{
    struct redis_order *order = find_or_add(bus, channel);
    bool is_repeated = number < order->last_number;
    /* later ones wait for it, so it must not wait for them */
    *before = order->count && !is_repeated ? order->last_number : 0;
    if (!is_repeated)
        order->last_number = number;
    return ++order->count;
}

/* A repeated publish gets its original answer, so offsets may decrease. */
static void note(struct redis_order *order, const struct request *request,
                 const struct position *position)
{
    if (position->epoch == order->acked.epoch &&
        position->offset <= order->acked.offset)
        return;
    order->acked = *position;
    order->time_ms = request->message->time_ms;
    order->acked_ms = clock_wall_ms();
    order->acked_tick = order->bus->seconds;
}

void redis_order_end(struct redis_bus *bus, const struct request *request,
                     const struct position *position)
{
    struct redis_order *order = find_or_add(bus, request->channel);
    order->count--;
    if (position)
        note(order, request, position);
    bool is_kept =
        order->acked.offset && HASH_COUNT(bus->orders) <= CHANNELS_MAX;
    if (!order->count && !order->is_asked && !is_kept)
        drop(bus, order);
}

static void on_verified(void *arg, const struct redisReply *reply)
{
    struct redis_order *order = arg;
    int64_t is_lost;
    order->is_asked = false;
    if (!reply || redis_is_passing_error(reply))
        return;
    order->is_doubtful = false;
    if (redis_push_number(reply, &is_lost) && is_lost)
        metrics_add(&order->bus->metrics, METRIC_REDIS_LOST, 1);
}

static void ask(struct redis_order *order)
{
    struct redis_bus *bus = order->bus;
    char epoch[EPOCH_LEN + 1];
    char new_epoch[EPOCH_LEN + 1];
    const uint64_t numbers[] = {order->acked.offset, (uint64_t)order->time_ms,
                                redis_position_seconds(bus, order->channel),
                                (uint64_t)order->acked_ms};
    char texts[4][24];
    for (size_t i = 0; i < 4; i++)
        snprintf(texts[i], sizeof texts[i], "%" PRIu64, numbers[i]);
    epoch_encode(order->acked.epoch, epoch);
    epoch_encode(epoch_after(order->acked.epoch), new_epoch);
    char *position = redis_key(bus, order->channel, "m");
    char *stream = redis_key(bus, order->channel, "s");
    char *pubsub = redis_key(bus, order->channel, "c");
    const struct bytes words[] = {
        bytes_of(position), bytes_of(stream),
        bytes_of(epoch),    bytes_of(texts[0]),
        bytes_of(texts[1]), bytes_of(new_epoch),
        bytes_of(texts[2]), redis_run_of(bus, order->channel),
        bytes_of(pubsub),   redis_publish_verb(bus),
        bytes_of(texts[3]),
    };
    order->is_asked = true;
    redis_call(bus, SCRIPT_LOST, 2, words, 11, on_verified, order);
    free(position);
    free(stream);
    free(pubsub);
}

void redis_orders_verify(struct redis_bus *bus)
{
    struct redis_order *order;
    struct redis_order *next;
    HASH_ITER(hh, bus->orders, order, next)
    if (order->is_doubtful && !order->is_asked)
        ask(order);
}

void redis_orders_doubt(struct redis_bus *bus)
{
    struct redis_order *order;
    struct redis_order *next;
    HASH_ITER(hh, bus->orders, order, next)
    order->is_doubtful = order->acked.offset > 0;
    redis_orders_verify(bus);
}

/* While Redis is away, nothing is forgotten: what was acknowledged last is
 * looked for when it is back. */
static bool is_served(const struct redis_order *order)
{
    char *key = redis_key(order->bus, order->channel, "m");
    bool is_served = redis_serves_key(order->bus, bytes_of(key));
    free(key);
    return is_served;
}

void redis_orders_tick(struct redis_bus *bus)
{
    struct redis_order *order;
    struct redis_order *next;
    if (!bus->is_serving)
        return;
    HASH_ITER(hh, bus->orders, order, next)
    if (!order->count && !order->is_asked && !order->is_doubtful &&
        bus->seconds - order->acked_tick > KEPT_SECONDS && is_served(order))
        drop(bus, order);
    redis_orders_verify(bus);
}

void redis_orders_free(struct redis_bus *bus)
{
    struct redis_order *order;
    struct redis_order *next;
    HASH_ITER(hh, bus->orders, order, next)
    drop(bus, order);
}
