#include "messaging/worker.h"

#include <stdio.h>
#include <stdlib.h>

#include <utlist.h>

#include "base/clock.h"
#include "base/memory.h"
#include "messaging/channel.h"
#include "messaging/tally.h"

enum {
    INBOX_ROUNDS = 16,
    SLICE_COST = 64, /* of channel_send_some */
    TURN_COST = 128  /* below a millisecond, mostly */
};

void worker_init(struct worker *worker, const struct instance *instance,
                 unsigned index, void (*wake)(void *arg), void *arg)
{
    *worker = (struct worker){.instance = instance, .index = index};
    snprintf(worker->metrics.thread, sizeof worker->metrics.thread, "worker-%u",
             index);
    inbox_init(&worker->inbox, wake, arg);
    hub_add_worker(instance->hub, worker);
}

void worker_deinit(struct worker *worker)
{
    while (inbox_drain(&worker->inbox))
        ; /* what still waits is freed by running it */
    PANIC_IF(worker->channels || worker->looks);
    watch_end(worker);
    inbox_deinit(&worker->inbox);
    buffer_deinit(&worker->reply);
    replies_deinit(&worker->replies);
    buffer_deinit(&worker->flush);
    for (int i = 0; i < ENCODINGS_MAX; i++)
        buffer_deinit(&worker->joined[i]);
    free(worker->slots);
    free(worker->free_slots);
    free(worker->expiring);
}

/* Channels in turns, a slice each, until the turn has had enough: those that
 * are left go first in the next one. */
static void send_channels(struct worker *worker)
{
    uint32_t used = 0;
    while (worker->dirty && used < TURN_COST) {
        struct channel *channel = worker->dirty;
        used += channel_send_some(channel, SLICE_COST);
        if (worker->dirty != channel)
            continue;
        DL_DELETE2(worker->dirty, channel, dirty_prev, dirty_next);
        DL_APPEND2(worker->dirty, channel, dirty_prev, dirty_next);
    }
}

void worker_settle(struct worker *worker)
{
    if (worker->settle)
        worker->settle(worker->settle_arg);
}

bool worker_is_behind(const struct worker *worker)
{
    return worker->dirty;
}

/* Starting a close may free the connection, and may ask for more closes. */
static void start_closings(struct worker *worker)
{
    while (worker->closing) {
        struct connection *connection = worker->closing;
        worker->closing = connection->closing_next;
        connection->is_in_closing = false;
        connection_start_close(connection);
    }
}

void worker_turn(struct worker *worker)
{
    int rounds = 0;
    while (inbox_drain(&worker->inbox) && ++rounds < INBOX_ROUNDS)
        ; /* what was posted while draining is of this turn too */
    replies_send(worker);
    send_channels(worker);
    start_closings(worker);
}

/* Slots double; the new ones are all free. */
static void grow_slots(struct worker *worker)
{
    uint32_t old = worker->slot_count;
    uint32_t count = old ? old * 2 : 64;
    worker->slots =
        memory_resize(worker->slots, count, sizeof *worker->slots);
    worker->free_slots =
        memory_resize(worker->free_slots, count, sizeof *worker->free_slots);
    for (uint32_t slot = count; slot-- > old;) {
        worker->slots[slot] = (struct connection_slot){0};
        worker->free_slots[worker->free_slot_count++] = slot;
    }
    worker->slot_count = count;
}

void worker_add_connection(struct worker *worker, struct connection *connection)
{
    if (!worker->free_slot_count)
        grow_slots(worker);
    uint32_t index = worker->free_slots[--worker->free_slot_count];
    struct connection_slot *slot = &worker->slots[index];
    slot->connection = connection;
    connection->handle = (uint64_t)++slot->generation << 32 | index;
}

static void remove_from_closing(struct worker *worker,
                                struct connection *connection)
{
    if (!connection->is_in_closing)
        return;
    struct connection **at = &worker->closing;
    while (*at != connection)
        at = &(*at)->closing_next;
    *at = connection->closing_next;
}

void worker_remove_connection(struct worker *worker,
                              struct connection *connection)
{
    uint32_t index = (uint32_t)connection->handle;
    worker->slots[index].connection = NULL;
    worker->free_slots[worker->free_slot_count++] = index;
    remove_from_closing(worker, connection);
}

struct connection *worker_find_connection(struct worker *worker,
                                          uint64_t handle)
{
    uint32_t index = (uint32_t)handle;
    if (index >= worker->slot_count)
        return NULL;
    struct connection *connection = worker->slots[index].connection;
    return connection && connection->handle == handle ? connection : NULL;
}

void worker_close_later(struct worker *worker, struct connection *connection)
{
    if (connection->is_in_closing)
        return;
    connection->is_in_closing = true;
    connection->closing_next = worker->closing;
    worker->closing = connection;
}

/* A connection is looked at once in ping_seconds: by then its token must be
 * watched, or it would outlive its end. */
static bool expires_soon(const struct worker *worker,
                         const struct connection *connection)
{
    int64_t expires = connection->identity.expires_seconds;
    int64_t next_look = clock_wall_ms() / 1000 +
                        worker->instance->options->ping_seconds + 1;
    return expires && expires <= next_look;
}

void worker_watch_expiry(struct worker *worker, struct connection *connection)
{
    if (connection->is_expiry_watched || !expires_soon(worker, connection))
        return;
    connection->is_expiry_watched = true;
    if (worker->expiring_count == worker->expiring_capacity) {
        worker->expiring_capacity =
            worker->expiring_capacity ? worker->expiring_capacity * 2 : 16;
        worker->expiring =
            memory_resize(worker->expiring, worker->expiring_capacity,
                          sizeof *worker->expiring);
    }
    worker->expiring[worker->expiring_count++] = connection->handle;
}

/* Whether the connection of that handle needs watching any longer. */
static bool check_expiry(struct worker *worker, uint64_t handle, int64_t now)
{
    struct connection *connection = worker_find_connection(worker, handle);
    if (!connection || connection->is_closing)
        return false;
    bool is_soon = expires_soon(worker, connection); /* not once refreshed */
    if (is_soon && connection->identity.expires_seconds <= now)
        connection_close(connection, CLOSE_TOKEN_EXPIRED);
    connection->is_expiry_watched = is_soon;
    return is_soon;
}

static void check_expiring(struct worker *worker)
{
    int64_t now = clock_wall_ms() / 1000;
    size_t kept = 0;
    for (size_t i = 0; i < worker->expiring_count; i++)
        if (check_expiry(worker, worker->expiring[i], now))
            worker->expiring[kept++] = worker->expiring[i];
    worker->expiring_count = kept;
}

/* A ping carries a payload: libwebsockets does not report empty pongs. */
static void ping(struct connection *connection)
{
    static const char frame[] = {(char)0x89, 4, 'p', 'e', 'a', 'l'};
    bool is_blocked = !outbox_is_empty(&connection->outbox) ||
                      connection->transport->is_blocked(connection);
    if (is_blocked && connection->was_blocked) {
        connection_close(connection, CLOSE_NO_PONG);
        return;
    }
    connection->was_blocked = is_blocked;
    if (is_blocked)
        return;
    connection->pinged_ms = clock_steady_ms();
    if (!connection->transport->write(
            connection, (struct bytes){frame, sizeof frame}))
        connection_close(connection, CLOSE_CONNECTION_LOST);
}

static void check_pong(struct connection *connection)
{
    if (connection->pinged_ms &&
        connection->last_seen_ms < connection->pinged_ms)
        connection_close(connection, CLOSE_NO_PONG);
    connection->pinged_ms = 0;
}

/* Its close waits for the outbox, which nobody reads: not a second round. */
static void hurry_close(struct worker *worker, struct connection *connection)
{
    if (connection->is_close_started)
        return;
    if (connection->was_blocked) {
        connection_drop_outbox(connection);
        worker_close_later(worker, connection);
    }
    connection->was_blocked = true;
}

/* Connections that began together end spread over the last tenth of their age:
 * each has its share of it, by its handle. */
static bool is_too_old(const struct worker *worker,
                       const struct connection *connection)
{
    enum { SHARES = 1024, SHARE_BITS = 10 };
    uint64_t age_ms =
        worker->instance->options->max_connection_age * UINT64_C(1000);
    uint64_t mixed = connection->handle * UINT64_C(0x9e3779b97f4a7c15);
    uint64_t early_ms = age_ms / 10 * (mixed >> (64 - SHARE_BITS)) / SHARES;
    return age_ms &&
           clock_steady_ms() - connection->opened_ms >= age_ms - early_ms;
}

static void visit(struct worker *worker, struct connection *connection)
{
    if (connection->is_closing) {
        hurry_close(worker, connection);
        return;
    }
    if (is_too_old(worker, connection)) {
        connection_close(connection, CLOSE_MAX_AGE);
        return;
    }
    ping(connection);
    worker_watch_expiry(worker, connection);
}

static void each_open(struct worker *worker, uint64_t first, uint32_t step,
                      void (*act)(struct worker *, struct connection *))
{
    for (uint64_t slot = first; slot < worker->slot_count; slot += step) {
        struct connection *connection = worker->slots[slot].connection;
        if (connection && connection->is_open)
            act(worker, connection);
    }
}

static void visit_pong(struct worker *worker, struct connection *connection)
{
    (void)worker;
    check_pong(connection);
}

/* Each connection has its second out of ping_seconds, by its slot. */
void worker_tick(struct worker *worker)
{
    const struct messaging_options *options = worker->instance->options;
    uint32_t period = options->ping_seconds;
    uint64_t tick = ++worker->seconds;
    uint64_t pinged = tick + period - options->pong_seconds;
    each_open(worker, pinged % period, period, visit_pong);
    each_open(worker, tick % period, period, visit);
    check_expiring(worker);
    watch_tick(worker);
}

uint32_t worker_close_some(struct worker *worker, uint32_t count,
                           enum close_reason reason)
{
    uint32_t asked = 0;
    for (uint32_t i = 0; i < worker->slot_count && asked < count; i++) {
        struct connection *connection = worker->slots[i].connection;
        if (!connection || !connection->is_open || connection->is_closing)
            continue;
        connection_close(connection, reason);
        asked++;
    }
    return asked;
}
