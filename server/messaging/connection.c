#include "messaging/connection.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "messaging/channel.h"
#include "messaging/hooked.h"
#include "messaging/names.h"
#include "messaging/operations.h"
#include "messaging/tally.h"
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
    worker_add_connection(worker, connection);
    const struct instance *instance = worker->instance;
    if (!clients_enter(instance->clients, client_id, connection,
                       instance->options->limits.connections_per_client)) {
        worker_remove_connection(worker, connection);
        free(connection);
        return NULL;
    }
    connection->identity = identity;
    return connection;
}

/* For a bus that counts a client's connections over several instances; NULL
 * for one that does not. */
static struct request *news_of_client(const struct connection *connection)
{
    const struct instance *instance = connection->worker->instance;
    if (!instance->bus->is_shared || !options_limit_clients(instance->options))
        return NULL;
    return request_new(REQUEST_CLIENT, (struct bytes){0},
                       bytes_of(connection_client_id(connection)),
                       (struct bytes){0});
}

static void tell_bus(const struct worker *worker, struct request *news)
{
    if (news)
        bus_submit(worker->instance->bus, news);
}

void connection_open(struct connection *connection,
                     const struct bytes *channels, size_t channel_count)
{
    connection->opened_ms = clock_steady_ms();
    connection->last_seen_ms = connection->opened_ms;
    connection->is_open = true;
    count(connection, METRIC_CONNECTIONS, 1);
    count(connection, METRIC_CONNECTIONS_OPENED, 1);
    worker_watch_expiry(connection->worker, connection);
    if (options_of(connection)->single_connection)
        clients_close_older(connection->worker->instance->clients, connection,
                            CLOSE_REPLACED);
    tell_bus(connection->worker, news_of_client(connection));
    hook_tell_connected(connection);
    connection->protocol->on_open(connection, channels, channel_count);
}

static int close_code(const struct connection *connection)
{
    enum { LOST = 1006 }; /* RFC 6455 section 7.1.5: no close frame came */
    int ours = close_reason_info(connection->close_reason)->code;
    if (ours)
        return ours;
    return connection->peer_close_code ? connection->peer_close_code : LOST;
}

static void log_end(struct connection *connection)
{
    char text[CLIENT_ID_MAX + 32];
    char address[IP_ADDRESS_TEXT] = "";
    const char *client = connection_client_id(connection);
    snprintf(text, sizeof text, "Client %s disconnected", client);
    if (connection->transport->address)
        connection->transport->address(connection, address);
    log_limited(
        LOG_INFO, DISCONNECTS_LOGGED, text, LOG_TEXT("client", client),
        LOG_TEXT("address", address),
        LOG_TEXT("protocol", connection->protocol->name),
        LOG_NUMBER("code", close_code(connection)),
        LOG_TEXT("reason", close_reason_info(connection->close_reason)->name),
        LOG_NUMBER("duration_ms", clock_steady_ms() - connection->opened_ms));
}

/* A connection whose socket just vanished was not asked to close. */
static void settle_reason(struct connection *connection)
{
    if (connection->close_reason == CLOSE_NONE)
        connection->close_reason = connection->peer_close_code
                                       ? CLOSE_BY_CLIENT
                                       : CLOSE_CONNECTION_LOST;
}

static void note_end(struct connection *connection)
{
    if (!connection->is_open)
        return;
    settle_reason(connection);
    log_end(connection);
    if (connection->protocol->on_close)
        connection->protocol->on_close(connection);
    hook_tell_disconnected(connection, close_code(connection));
    metrics_count_close(&connection->worker->metrics,
                        connection->close_reason);
    count(connection, METRIC_CONNECTIONS, -1);
}

static void free_partial(struct connection *connection)
{
    if (!connection->partial)
        return;
    buffer_deinit(connection->partial);
    free(connection->partial);
    connection->partial = NULL;
}

void connection_free(struct connection *connection)
{
    note_end(connection);
    connection->is_open = false; /* its socket is gone */
    operation_leave_all(connection);
    connection_drop_outbox(connection);
    free_partial(connection);
    hooked_abandon(connection);
    caps_unref(connection->identity.caps);
    struct request *news = news_of_client(connection);
    clients_leave(connection->worker->instance->clients, connection);
    tell_bus(connection->worker, news);
    worker_remove_connection(connection->worker, connection);
    free(connection->subscriptions);
    free(connection->close_text);
    free(connection);
}

void connection_close_at_limit(struct connection *connection,
                               enum metric metric, enum close_reason reason)
{
    count(connection, metric, 1);
    connection_close(connection, reason);
}

static bool is_within_rate(struct connection *connection)
{
    if (token_bucket_take(&connection->rate,
                          options_of(connection)->limits.messages_per_second,
                          connection->last_seen_ms))
        return true;
    connection_close_at_limit(connection, METRIC_LIMIT_RATE, CLOSE_RATE_LIMIT);
    return false;
}

static void handle_message(struct connection *connection, struct bytes message,
                           bool binary)
{
    count(connection, METRIC_MESSAGES_IN, 1);
    count(connection, METRIC_BYTES_IN, (int64_t)message.len);
    if (connection->worker->watch)
        watch_connection(connection, TALLY_MESSAGES_IN, 1, message.len);
    if (is_within_rate(connection))
        connection->protocol->on_message(connection, message, binary);
}

static void keep_piece(struct connection *connection, struct bytes piece)
{
    if (!connection->partial)
        connection->partial = memory_new(1, sizeof *connection->partial);
    buffer_append(connection->partial, piece);
}

void connection_receive(struct connection *connection, struct bytes piece,
                        size_t remaining, bool is_final, bool binary)
{
    if (!connection->is_open || connection->is_closing)
        return;
    connection_on_sign_of_life(connection);
    size_t held = connection->partial ? connection->partial->len : 0;
    if (held + piece.len + remaining >
        options_of(connection)->limits.message_bytes) {
        connection_close_at_limit(connection, METRIC_LIMIT_MESSAGE_BYTES,
                                  CLOSE_TOO_BIG);
        return;
    }
    if (is_final && !connection->partial) {
        handle_message(connection, piece, binary);
        return;
    }
    keep_piece(connection, piece);
    if (!is_final) {
        /* a fragment of nothing brings no message nearer to its limit */
        if (!piece.len && !remaining)
            is_within_rate(connection);
        return;
    }
    handle_message(connection, buffer_bytes(connection->partial), binary);
    free_partial(connection);
}

bool connection_on_ping(struct connection *connection)
{
    if (!connection->is_open || connection->is_closing)
        return false;
    connection_on_sign_of_life(connection);
    return is_within_rate(connection);
}

void connection_on_sign_of_life(struct connection *connection)
{
    connection->last_seen_ms = clock_steady_ms();
}

void connection_close(struct connection *connection, enum close_reason reason)
{
    if (connection->is_closing)
        return;
    connection->is_closing = true;
    connection->close_reason = reason;
    worker_close_later(connection->worker, connection);
}

void connection_close_saying(struct connection *connection,
                             enum close_reason reason, struct bytes text)
{
    if (!connection->is_closing && text.len)
        connection->close_text = memory_copy_text(text.data, text.len);
    connection_close(connection, reason);
}

const char *connection_close_text(const struct connection *connection)
{
    return connection->close_text
               ? connection->close_text
               : close_reason_info(connection->close_reason)->text;
}

void connection_start_close(struct connection *connection)
{
    operation_leave_all(connection);
    bool flush = close_reason_info(connection->close_reason)->flush;
    if (flush && !outbox_is_empty(&connection->outbox))
        return; /* connection_on_writable comes back here */
    connection->is_close_started = true;
    connection_drop_outbox(connection);
    connection->transport->close(connection, connection->close_reason);
}

const char *connection_client_id(const struct connection *connection)
{
    return client_id(connection->client);
}

void connection_count_fault(struct connection *connection, enum fault fault)
{
    count(connection, METRIC_ERRORS_SENT, 1);
    if (!fault_info(fault)->is_bad)
        return;
    uint32_t limit = options_of(connection)->limits.bad_messages;
    if (++connection->bad_messages >= limit && limit)
        connection_close_at_limit(connection, METRIC_LIMIT_BAD_MESSAGES,
                       CLOSE_BAD_MESSAGES);
}
