#include "messaging/liveness.h"

#include "base/clock.h"
#include "base/memory.h"
#include "messaging/connection.h"
#include "messaging/worker.h"

/* A connection is visited once per ping_seconds, so tokens that expire before
 * the next visit must be watched. */
static bool expires_soon(const struct worker *worker,
                         const struct connection *connection)
{
    int64_t expires = connection->identity.expires_seconds;
    int64_t next_snapshot =
        clock_wall_ms() / 1000 + worker->instance->options->ping_seconds + 1;
    return expires && expires <= next_snapshot;
}

void liveness_watch_expiry(struct worker *worker, struct connection *connection)
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

/* Whether the connection of the handle still needs watching. */
static bool check_expiry(struct worker *worker, uint64_t handle, int64_t now)
{
    struct connection *connection = worker_find_connection(worker, handle);
    if (!connection || connection->is_closing)
        return false;
    bool is_soon = expires_soon(worker, connection); /* not after a refresh */
    if (is_soon && connection->identity.expires_seconds <= now)
        connection_close(connection, connection->client ? CLOSE_TOKEN_EXPIRED
                                                        : CLOSE_TOKEN_MISSING);
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

static bool has_pong(const struct connection *connection)
{
    return connection->protocol->ping || connection->transport->has_pongs;
}

static void ping(struct connection *connection)
{
    if (!outbox_is_empty(&connection->outbox) ||
        connection->transport->is_blocked(connection))
        return; /* the transport checks whether it takes unsent data */
    if (has_pong(connection) || connection->transport->acked)
        connection->is_pong_awaited = true;
    if (connection->protocol->ping)
        connection->protocol->ping(connection);
    else if (!connection->transport->ping(connection))
        connection_close(connection, CLOSE_CONNECTION_LOST);
}

/* Its pong follows only after it has read earlier data, so only a round without
 * any progress counts. A peer that does not answer pings must at least have
 * acknowledged it. */
static bool is_alive(struct connection *connection)
{
    const struct transport *transport = connection->transport;
    uint64_t acked;
    if (!transport->acked)
        return false;
    switch (transport->acked(connection, &acked)) {
    case ACKED_ALL:
        return !has_pong(connection);
    case ACKED_SILENT:
        return false;
    case ACKED_PART:
        break;
    }
    uint64_t before = connection_extra(connection)->acked;
    connection->extra->acked = acked;
    return acked > before;
}

static void check_pong(struct connection *connection)
{
    if (!connection->is_pong_awaited) {
        if (connection->extra)
            connection->extra->acked = 0;
    } else if (is_alive(connection)) {
        connection->is_pong_awaited = has_pong(connection);
    } else {
        connection_close(connection, has_pong(connection)
                                         ? CLOSE_NO_PONG
                                         : CLOSE_CONNECTION_LOST);
    }
}

/* Its close waits for an unread outbox: do not wait for a second round. */
static void hurry_close(struct connection *connection)
{
    if (connection->is_close_started)
        return;
    if (connection->was_blocked) {
        connection_drop_outbox(connection);
        connection_close_later(connection);
    }
    connection->was_blocked = true;
}

/* Spreads the ends of simultaneous connections over the last tenth of the age,
 * by handle. */
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
        hurry_close(connection);
        return;
    }
    if (worker->is_draining)
        return; /* other reasons may tell it to come back here at once */
    if (is_too_old(worker, connection)) {
        connection_close(connection, CLOSE_MAX_AGE);
        return;
    }
    ping(connection);
    liveness_watch_expiry(worker, connection);
}

static void each_open(struct worker *worker, uint64_t first, uint32_t step,
                      void (*act)(struct worker *, struct connection *))
{
    for (uint64_t slot = first; slot < worker->slot_count; slot += step) {
        struct connection *connection = worker->slots[slot].connection;
        if (connection && connection->is_open && !connection->is_brief)
            act(worker, connection);
    }
}

static void visit_pong(struct worker *worker, struct connection *connection)
{
    if (!worker->is_draining)
        check_pong(connection);
}

/* Each connection is visited in one of ping_seconds seconds, by slot. */
void liveness_tick(struct worker *worker)
{
    const struct messaging_options *options = worker->instance->options;
    uint32_t period = options->ping_seconds;
    uint64_t tick = worker->seconds;
    uint64_t pinged = tick + period - options->pong_seconds;
    each_open(worker, pinged % period, period, visit_pong);
    each_open(worker, tick % period, period, visit);
    check_expiring(worker);
}
