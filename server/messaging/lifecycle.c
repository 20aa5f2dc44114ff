#include "messaging/lifecycle.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "messaging/bans.h"
#include "messaging/bus.h"
#include "messaging/clients.h"
#include "messaging/hook.h"
#include "messaging/liveness.h"
#include "messaging/names.h"
#include "messaging/operations.h"
#include "messaging/pending_hooks.h"
#include "messaging/responses.h"
#include "messaging/worker.h"

enum { DISCONNECTS_LOGGED = 1000 }; /* a second */

static const struct messaging_options *options_of(struct connection *connection)
{
    return connection->worker->instance->options;
}

static void count(struct connection *connection, enum metric metric, int64_t by)
{
    metrics_add(&connection->worker->metrics, metric, by);
}

static bool enter_clients(struct connection *connection, const char *client_id)
{
    const struct instance *instance = connection->worker->instance;
    return clients_enter(instance->clients, client_id, connection,
                         instance->options->limits.connections_per_client);
}

struct connection *connection_new(struct worker *worker,
                                  const struct protocol *protocol,
                                  const struct transport *transport,
                                  void *socket, const char *client_id,
                                  struct identity identity)
{
    struct connection *connection = memory_new(1, sizeof *connection);
    connection->worker = worker;
    connection->protocol = protocol;
    connection->transport = transport;
    connection->socket = socket;
    connection->handle = worker_add_connection(worker, connection);
    if (*client_id && !enter_clients(connection, client_id)) {
        worker_remove_connection(worker, connection->handle);
        free(connection);
        return NULL;
    }
    connection->identity = identity;
    return connection;
}

struct connection *connection_new_brief(struct worker *worker,
                                        const struct protocol *protocol,
                                        const struct transport *transport,
                                        void *socket, const char *client_id,
                                        struct identity identity)
{
    struct connection *connection =
        connection_new(worker, protocol, transport, socket, "", identity);
    connection->is_brief = true;
    connection_extra(connection)->client_id =
        memory_copy_text(client_id, strlen(client_id));
    return connection;
}

/* The request for a bus that counts a client's connections over several
 * instances; NULL for other buses. */
static struct request *event_of_client(const struct connection *connection)
{
    const struct instance *instance = connection->worker->instance;
    if (!connection->client || !instance->bus->is_shared ||
        !options_limit_clients(instance->options))
        return NULL;
    return request_new(REQUEST_CLIENT, (struct bytes){0},
                       bytes_of(connection_client_id(connection)),
                       (struct bytes){0});
}

static void tell_bus(const struct worker *worker, struct request *event)
{
    if (event)
        bus_submit(worker->instance->bus, event);
}

/* Checks for bans since the handshake, and of clients identified later. */
static void close_if_banned(struct connection *connection)
{
    ban_reason reason;
    if (bans_has_client(connection->worker->instance->bans,
                        connection_client_id(connection), reason))
        connection_close_saying(connection, CLOSE_BANNED, bytes_of(reason));
}

/* The client is registered from here on. */
static void announce(struct connection *connection)
{
    if (!connection->client)
        return;
    close_if_banned(connection);
    if (options_of(connection)->single_connection)
        clients_close_older(connection->worker->instance->clients, connection,
                            CLOSE_REPLACED);
    tell_bus(connection->worker, event_of_client(connection));
    hook_tell_connected(connection);
}

bool connection_identify(struct connection *connection, const char *client_id,
                         struct identity identity)
{
    PANIC_IF(connection->client);
    if (!enter_clients(connection, client_id))
        return false;
    identity_deinit(&connection->identity);
    connection->identity = identity;
    liveness_watch_expiry(connection->worker, connection);
    announce(connection);
    return true;
}

void connection_open(struct connection *connection,
                     const struct bytes *channels, size_t channel_count)
{
    connection->opened_ms = clock_steady_ms();
    connection->last_seen_ms = connection->opened_ms;
    connection->is_open = true;
    if (connection->is_brief)
        return;
    count(connection, METRIC_CONNECTIONS, 1);
    count(connection, connection->transport->gauge, 1);
    count(connection, METRIC_CONNECTIONS_OPENED, 1);
    liveness_watch_expiry(connection->worker, connection);
    announce(connection);
    connection->protocol->on_open(connection, channels, channel_count);
}

static int close_code(const struct connection *connection)
{
    enum { LOST = 1006 }; /* RFC 6455 section 7.1.5: no close frame came */
    int ours = connection_close_code(connection, connection->close_reason);
    if (ours)
        return ours;
    return connection->peer_close_code ? connection->peer_close_code : LOST;
}

/* The client violated a rule or a limit, which is relevant for operators. */
static bool is_notable(enum close_reason reason)
{
    switch (reason) {
    case CLOSE_PROTOCOL_ERROR:
    case CLOSE_BAD_UTF8:
    case CLOSE_TOO_BIG:
    case CLOSE_BAD_MESSAGES:
    case CLOSE_TOO_SLOW:
    case CLOSE_RATE_LIMIT:
    case CLOSE_TOO_MANY_CONNECTIONS:
        return true;
    default:
        return false;
    }
}

/* Each kind has its own log rate, so that a flood of normal ends does not hide
 * the others. */
static void log_end(struct connection *connection)
{
    char text[CLIENT_ID_MAX + 32];
    char address[IP_ADDRESS_TEXT] = "";
    const char *client = connection_client_id(connection);
    snprintf(text, sizeof text, "Client %s disconnected", client);
    if (connection->transport->address)
        connection->transport->address(connection, address);
#define LOG_END(level)                                                         \
    log_limited(                                                               \
        (level), DISCONNECTS_LOGGED, text, LOG_TEXT("client", client),         \
        LOG_TEXT("address", address),                                          \
        LOG_TEXT("protocol", connection->protocol->name),                      \
        LOG_NUMBER("code", close_code(connection)),                            \
        LOG_TEXT("reason", close_reason_info(connection->close_reason)->name), \
        LOG_NUMBER("duration_ms", clock_steady_ms() - connection->opened_ms))
    if (is_notable(connection->close_reason))
        LOG_END(LOG_WARN);
    else
        LOG_END(LOG_INFO);
#undef LOG_END
}

/* A connection whose socket was lost was not asked to close. */
static void settle_reason(struct connection *connection)
{
    if (connection->close_reason == CLOSE_NONE)
        connection->close_reason = connection->peer_close_code
                                       ? CLOSE_BY_CLIENT
                                       : CLOSE_CONNECTION_LOST;
}

static void note_end(struct connection *connection)
{
    if (!connection->is_open || connection->is_brief)
        return;
    settle_reason(connection);
    log_end(connection);
    hook_tell_disconnected(connection, close_code(connection));
    metrics_count_close(&connection->worker->metrics, connection->close_reason);
    count(connection, METRIC_CONNECTIONS, -1);
    count(connection, connection->transport->gauge, -1);
}

void connection_free(struct connection *connection)
{
    bool was_open = connection->is_open;
    note_end(connection);
    connection->is_open = false; /* its socket is closed */
    operation_leave_all(connection);
    if (was_open && connection->protocol->on_close)
        connection->protocol->on_close(connection);
    responses_free(connection);
    connection_drop_outbox(connection);
    connection_drop_partial(connection);
    pending_hooks_abandon(connection);
    identity_deinit(&connection->identity);
    struct request *event = event_of_client(connection);
    if (connection->client)
        clients_leave(connection->worker->instance->clients, connection);
    tell_bus(connection->worker, event);
    connection_forget_closing(connection);
    worker_remove_connection(connection->worker, connection->handle);
    if (connection->extra) {
        free(connection->extra->close_text);
        free(connection->extra->client_id);
    }
    free(connection->extra);
    free(connection);
}

void connection_start_close(struct connection *connection)
{
    operation_leave_all(connection);
    responses_close(connection);
    if (connection->is_close_started)
        return; /* the client has closed first, and gets an answer */
    bool is_answered =
        connection->is_brief && connection->close_reason == CLOSE_BY_CLIENT;
    bool flush =
        is_answered || close_reason_info(connection->close_reason)->flush;
    if (flush && !outbox_is_empty(&connection->outbox))
        return; /* connection_on_writable comes back here */
    connection->is_close_started = true;
    connection_drop_outbox(connection);
    connection->transport->close(connection, connection->close_reason);
}
