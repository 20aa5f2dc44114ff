/* The broadcast protocol over Server-Sent Events, for receiving only. A stream
 * subscribes to the channels in its URL, and each event's id contains its
 * positions in all of them; ../sse.md describes the wire format. */
#include <stdlib.h>

#include "base/memory.h"
#include "messaging/connection.h"
#include "messaging/operations.h"
#include "messaging/worker.h"
#include "protocols/peal/broadcast_answer.h"
#include "protocols/peal/broadcast_encode.h"
#include "protocols/peal/position_vector.h"
#include "protocols/protocols.h"

struct broadcast_stream {
    struct position_vector vector;
    bool is_resumed; /* the client sent its positions */
};

static struct broadcast_stream *stream_of(struct connection *connection)
{
    if (!connection->state)
        connection->state = memory_new(1, sizeof(struct broadcast_stream));
    return connection->state;
}

static void on_resume(struct connection *connection, struct bytes mark)
{
    struct broadcast_stream *stream = stream_of(connection);
    stream->is_resumed = true;
    position_vector_read(&stream->vector, mark);
}

static void append_mark(struct connection *connection,
                        const struct message *message, struct buffer *out)
{
    struct position_vector *vector = &stream_of(connection)->vector;
    const struct position *known =
        message ? position_vector_find(vector, message->channel) : NULL;
    if (known && message->kind == MESSAGE_PUBLICATION && message->offset)
        position_vector_set(vector, message->channel,
                            (struct position){known->epoch, message->offset});
    position_vector_write(vector, out);
}

/* ---- answers ------------------------------------------------------------- */

static void send_subscribed(struct connection *connection,
                            const struct request *request)
{
    struct buffer *out = broadcast_begin(connection, "subscribed");
    broadcast_append_string(out, "channel", bytes_of(request->channel));
    broadcast_append_position(out, request->position);
    broadcast_append_member(out, "recovered",
                            bytes_of(request->recovered ? "true" : "false"));
    broadcast_append_member(out, "messages", BYTES_LITERAL("[]"));
    broadcast_end(connection, out, (struct bytes){0});
}

/* Missed messages follow as separate events with ids, so that an interrupted
 * stream resumes from there. */
static void answer_subscribe(struct connection *connection,
                             const struct request *request)
{
    struct position_vector *vector = &stream_of(connection)->vector;
    struct bytes channel = bytes_of(request->channel);
    bool has_missed =
        request->recovered && (request->message_count || request->has_more);
    if (!has_missed)
        position_vector_set(vector, channel, request->position);
    send_subscribed(connection, request);
    connection_send_page(connection, request->messages, request->message_count);
    position_vector_set(vector, channel, request->position);
}

static void on_recovered(struct connection *connection, struct bytes channel,
                         struct position position)
{
    position_vector_set(&stream_of(connection)->vector, channel, position);
}

static void on_answer(struct connection *connection,
                      const struct request *request)
{
    if (request->fault != FAULT_NONE)
        broadcast_send_error(connection, request->fault, request->why,
                             bytes_of(request->channel), (struct bytes){0});
    else if (request->kind == REQUEST_SUBSCRIBE)
        answer_subscribe(connection, request);
}

static void on_unsubscribed(struct connection *connection, struct bytes channel)
{
    position_vector_remove(&stream_of(connection)->vector, channel);
    broadcast_send_unsubscribed(connection, channel, (struct bytes){0});
}

/* ---- opening and closing ------------------------------------------------- */

static void join(struct connection *connection, struct bytes channel)
{
    const struct broadcast_stream *stream = stream_of(connection);
    static const struct position nowhere;
    const struct position *since =
        position_vector_find(&stream->vector, channel);
    if (!since && stream->is_resumed)
        since = &nowhere; /* the client learns that it cannot be recovered */
    enum fault fault =
        operation_subscribe(connection, channel, since, (struct bytes){0});
    if (fault != FAULT_NONE)
        broadcast_send_error(connection, fault, NULL, channel,
                             (struct bytes){0});
}

static bool is_named(const struct bytes *channels, size_t count,
                     const char *channel)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(channels[i], bytes_of(channel)))
            return true;
    return false;
}

/* Drops positions of channels that this stream does not have. */
static void forget_others(struct position_vector *vector,
                          const struct bytes *channels, size_t count)
{
    for (size_t i = vector->count; i-- > 0;)
        if (!is_named(channels, count, vector->entries[i].channel))
            position_vector_remove(vector,
                                   bytes_of(vector->entries[i].channel));
}

/* The id is sent back as a header, so it must leave room for others. */
static bool is_too_long(const struct connection *connection,
                        const struct bytes *channels, size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += position_vector_size(channels[i]);
    return len > connection->worker->instance->options->limits.head_bytes / 2;
}

static void on_open(struct connection *connection, const struct bytes *channels,
                    size_t count)
{
    if (is_too_long(connection, channels, count)) {
        connection_close_saying(
            connection, CLOSE_BAD_MESSAGES,
            BYTES_LITERAL("too many channels for one stream"));
        return;
    }
    forget_others(&stream_of(connection)->vector, channels, count);
    broadcast_send_hello(connection);
    for (size_t i = 0; i < count; i++)
        join(connection, channels[i]);
}

static void on_close(struct connection *connection)
{
    struct broadcast_stream *stream = connection->state;
    if (!stream)
        return;
    position_vector_deinit(&stream->vector);
    free(stream);
    connection->state = NULL;
}

/* A stream receives no messages from its client. */
static void on_message(struct connection *connection, struct bytes payload,
                       bool binary)
{
    (void)connection;
    (void)payload;
    (void)binary;
}

const struct protocol protocol_broadcast_stream = {
    .name = "broadcast",
    .endpoint = &endpoint_event_stream,
    .on_resume = on_resume,
    .append_mark = append_mark,
    .on_open = on_open,
    .on_close = on_close,
    .on_message = on_message,
    .on_answer = on_answer,
    .on_recovered = on_recovered,
    .on_unsubscribed = on_unsubscribed,
    .encoding = &broadcast_encoding,
};
