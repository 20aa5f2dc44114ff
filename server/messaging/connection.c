#include "messaging/connection.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "messaging/client.h"
#include "messaging/client_rates.h"
#include "messaging/rates.h"
#include "messaging/worker.h"

static const struct messaging_options *options_of(struct connection *connection)
{
    return connection->worker->instance->options;
}

static void count(struct connection *connection, enum metric metric, int64_t by)
{
    metrics_add(&connection->worker->metrics, metric, by);
}

struct connection_extra *connection_extra(struct connection *connection)
{
    if (!connection->extra)
        connection->extra = memory_new(1, sizeof *connection->extra);
    return connection->extra;
}

/* The received part of an unfinished message, or NULL. */
static struct buffer *partial_of(const struct connection *connection)
{
    return connection->extra ? connection->extra->partial : NULL;
}

void connection_drop_partial(struct connection *connection)
{
    struct buffer *partial = partial_of(connection);
    if (!partial)
        return;
    count(connection, METRIC_WAITING_BYTES, -(int64_t)partial->len);
    buffer_deinit(partial);
    free(partial);
    connection->extra->partial = NULL;
}

void connection_close_with(struct connection *connection,
                           enum close_reason reason, int code,
                           struct bytes text)
{
    if (connection->is_closing)
        return;
    connection_extra(connection)->close_code = code;
    connection_close_saying(connection, reason, text);
}

int connection_close_code(const struct connection *connection,
                          enum close_reason reason)
{
    return connection->extra && connection->extra->close_code
               ? connection->extra->close_code
               : protocol_close_code(connection->protocol, reason);
}

void connection_close_at_limit(struct connection *connection,
                               enum metric metric, enum close_reason reason)
{
    if (!connection
             ->is_closing) /* counted once, regardless of further pieces */
        count(connection, metric, 1);
    connection_close(connection, reason);
}

static bool take_from_rate(struct connection *connection)
{
    uint32_t rate = options_of(connection)->limits.messages_per_second;
    uint64_t now_ms = connection->last_seen_ms;
    if (!connection->is_brief)
        return token_bucket_take(&connection->rate, rate, now_ms);
    return client_rates_take(connection->worker->instance->client_rates,
                             bytes_of(connection_client_id(connection)), rate,
                             now_ms);
}

static bool is_within_rate(struct connection *connection)
{
    if (take_from_rate(connection))
        return true;
    connection_close_at_limit(connection, METRIC_LIMIT_RATE, CLOSE_RATE_LIMIT);
    return false;
}

bool connection_charge(struct connection *connection, uint32_t commands)
{
    while (!connection->is_closing && commands && is_within_rate(connection))
        commands--;
    return !connection->is_closing;
}

bool connection_take_opening(struct connection *connection)
{
    if (connection->is_brief ||
        connection->opening_taken >=
            options_opening_burst(options_of(connection)))
        return false;
    connection->opening_taken++;
    return true;
}

static void handle_message(struct connection *connection, struct bytes message,
                           bool binary)
{
    count(connection, METRIC_MESSAGES_IN, 1);
    count(connection, METRIC_BYTES_IN, (int64_t)message.len);
    if (connection->worker->watch)
        watch_connection(connection->worker, connection->handle,
                         RATE_MESSAGES_IN, 1, message.len);
    if (connection->protocol->charges_itself || is_within_rate(connection))
        connection->protocol->on_message(connection, message, binary);
}

static void keep_piece(struct connection *connection, struct bytes piece)
{
    struct connection_extra *extra = connection_extra(connection);
    if (!extra->partial)
        extra->partial = memory_new(1, sizeof *extra->partial);
    buffer_append(extra->partial, piece);
    count(connection, METRIC_WAITING_BYTES, (int64_t)piece.len);
}

void connection_receive(struct connection *connection, struct bytes piece,
                        size_t remaining, bool is_final, bool binary)
{
    if (!connection->is_open || connection->is_closing)
        return;
    connection_on_sign_of_life(connection);
    const struct buffer *partial = partial_of(connection);
    size_t held = partial ? partial->len : 0;
    if (held + piece.len + remaining >
        options_of(connection)->limits.message_bytes) {
        connection_close_at_limit(connection, METRIC_LIMIT_MESSAGE_BYTES,
                                  CLOSE_TOO_BIG);
        return;
    }
    if (is_final && !partial) {
        handle_message(connection, piece, binary);
        return;
    }
    keep_piece(connection, piece);
    if (!is_final) {
        /* empty fragments do not reach the size limit, so charge them */
        if (!piece.len && !remaining)
            is_within_rate(connection);
        return;
    }
    handle_message(connection, buffer_bytes(connection->extra->partial),
                   binary);
    connection_drop_partial(connection);
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
    connection->is_pong_awaited = false;
}

void connection_close_later(struct connection *connection)
{
    struct worker *worker = connection->worker;
    if (connection->is_in_closing)
        return;
    connection->is_in_closing = true;
    connection_extra(connection)->closing_next = worker->closing;
    worker->closing = connection;
}

void connection_forget_closing(struct connection *connection)
{
    if (!connection->is_in_closing)
        return;
    struct connection **at = &connection->worker->closing;
    while (*at != connection)
        at = &(*at)->extra->closing_next;
    *at = connection->extra->closing_next;
}

void connection_close(struct connection *connection, enum close_reason reason)
{
    if (connection->is_closing)
        return;
    connection->is_closing = true;
    connection->close_reason = reason;
    connection_close_later(connection);
}

void connection_close_saying(struct connection *connection,
                             enum close_reason reason, struct bytes text)
{
    if (!connection->is_closing && text.len)
        connection_extra(connection)->close_text =
            memory_copy_text(text.data, text.len);
    connection_close(connection, reason);
}

const char *connection_close_text(const struct connection *connection)
{
    const struct connection_extra *extra = connection->extra;
    return extra && extra->close_text
               ? extra->close_text
               : close_reason_info(connection->close_reason)->text;
}

const char *connection_client_id(const struct connection *connection)
{
    if (connection->client)
        return connection->client->id;
    return connection->is_brief ? connection->extra->client_id : "";
}

void connection_count_fault(struct connection *connection, enum fault fault)
{
    metrics_count_fault(&connection->worker->metrics, fault);
    if (!fault_info(fault)->is_bad || connection->is_brief)
        return;
    uint32_t limit = options_of(connection)->limits.bad_messages;
    if (++connection->bad_messages >= limit && limit)
        connection_close_at_limit(connection, METRIC_LIMIT_BAD_MESSAGES,
                                  CLOSE_BAD_MESSAGES);
}
