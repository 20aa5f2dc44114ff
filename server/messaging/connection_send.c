/* The sending half of connection.c: what is written now, what waits for the end
 * of the turn, and what waits for the socket. */
#include "base/memory.h"
#include "messaging/channel.h"
#include "messaging/connection.h"
#include "messaging/tally.h"
#include "messaging/worker.h"

enum { FLUSH_BYTES = 65536 }; /* of the outbox in one write */

static void count(struct connection *connection, enum metric metric, int64_t by)
{
    metrics_add(&connection->worker->metrics, metric, by);
}

static void drop(struct connection *connection, size_t frame_count)
{
    count(connection, METRIC_DROPPED_CLOSED, (int64_t)frame_count);
}

/* What waits has changed. */
static void note_outbox(struct connection *connection, size_t before)
{
    size_t now = outbox_bytes(&connection->outbox);
    count(connection, METRIC_OUTBOX_BYTES, (int64_t)now - (int64_t)before);
    count(connection, METRIC_OUTBOX_CONNECTIONS, (now != 0) - (before != 0));
}

void connection_drop_outbox(struct connection *connection)
{
    size_t before = outbox_bytes(&connection->outbox);
    drop(connection, replies_forget(connection->worker, connection));
    drop(connection, outbox_clear(&connection->outbox));
    note_outbox(connection, before);
}

typedef bool write_function(struct connection *connection,
                            struct bytes frames);

/* For what stays as it is until the worker settles. */
static write_function *later(const struct connection *connection)
{
    const struct transport *transport = connection->transport;
    return transport->write_later ? transport->write_later : transport->write;
}

static bool is_writable(const struct connection *connection)
{
    return outbox_is_empty(&connection->outbox) &&
           !connection->transport->is_blocked(connection);
}

/* The one place where a slow reader is judged. */
static bool queue_frame(struct connection *connection, struct frame *frame,
                        const void *topic)
{
    switch (outbox_push(&connection->outbox, frame, topic,
                        &connection->worker->instance->options->limits)) {
    case OUTBOX_SUPERSEDED:
        count(connection, METRIC_DROPPED_SUPERSEDED, 1);
        return true;
    case OUTBOX_FULL:
        count(connection, METRIC_DROPPED_CLOSED, 1);
        connection_close_at_limit(connection, METRIC_LIMIT_OUTBOX,
                                  CLOSE_TOO_SLOW);
        return false;
    default:
        return true;
    }
}

static void count_sent(struct connection *connection, size_t frame_count,
                       size_t len)
{
    count(connection, METRIC_MESSAGES_OUT, (int64_t)frame_count);
    count(connection, METRIC_BYTES_OUT, (int64_t)len);
    if (connection->worker->watch)
        watch_connection(connection, TALLY_MESSAGES_OUT, frame_count, len);
}

/* True when nothing is left to do. */
static bool send_by(struct connection *connection, write_function *write,
                    struct bytes joined)
{
    if (!is_writable(connection))
        return false;
    if (!write(connection, joined))
        connection_close(connection, CLOSE_CONNECTION_LOST);
    return true;
}

static void queue_frames(struct connection *connection,
                         struct frame *const *frames, size_t frame_count,
                         const void *topic)
{
    size_t before = outbox_bytes(&connection->outbox);
    size_t queued = 0;
    while (queued < frame_count &&
           queue_frame(connection, frames[queued], topic))
        queued++;
    note_outbox(connection, before);
    metrics_observe(&connection->worker->metrics, DISTRIBUTION_OUTBOX_DEPTH,
                    outbox_bytes(&connection->outbox));
    if (queued == frame_count)
        connection->transport->want_writable(connection);
}

/* Frames that stand one behind the other. */
static void queue_copies(struct connection *connection, struct bytes frames)
{
    while (frames.len) {
        struct bytes first = {frames.data, frame_whole_len(frames)};
        struct frame *frame = frame_new_raw(first);
        queue_frames(connection, &frame, 1, NULL);
        frame_unref(frame);
        frames = bytes_skip(frames, first.len);
    }
}

/* One that is to be closed still gets what its channels have for it until it
 * leaves them, where the reason allows. */
static bool takes_publications(const struct connection *connection)
{
    return connection->is_open &&
           (!connection->is_closing ||
            close_reason_info(connection->close_reason)->flush);
}

void connection_send_frames(struct connection *connection,
                            struct frame *const *frames, size_t frame_count,
                            struct bytes joined, const void *topic)
{
    if (!takes_publications(connection)) {
        drop(connection, frame_count);
        return;
    }
    replies_send(connection->worker);
    count_sent(connection, frame_count, joined.len);
    if (!send_by(connection, later(connection), joined))
        queue_frames(connection, frames, frame_count, topic);
}

static bool takes_replies(const struct connection *connection)
{
    return connection->is_open && !connection->is_closing;
}

/* What its channels have gathered came before what follows. */
static void catch_up(struct connection *connection)
{
    for (uint32_t i = 0; i < connection->subscription_count; i++)
        channel_catch_up(connection->subscriptions[i].channel, connection);
}

void connection_send(struct connection *connection, struct message *message)
{
    const struct protocol *protocol = connection->protocol;
    if (!protocol->encode)
        return;
    if (!takes_replies(connection)) {
        drop(connection, 1);
        return;
    }
    catch_up(connection);
    struct frame *frame =
        message_frame(message, protocol->encoding, protocol->encode);
    struct bytes bytes = frame_bytes(frame);
    replies_send(connection->worker);
    count_sent(connection, 1, bytes.len);
    if (!send_by(connection, connection->transport->write, bytes))
        queue_frames(connection, &frame, 1, NULL);
}

struct buffer *connection_reply_begin(struct connection *connection)
{
    struct buffer *reply = &connection->worker->reply;
    buffer_clear(reply);
    /* the header's length is known at the end only */
    buffer_reserve(reply, FRAME_HEADER_MAX);
    reply->len = FRAME_HEADER_MAX;
    return reply;
}

void connection_reply_end(struct connection *connection,
                          enum frame_opcode opcode)
{
    struct buffer *reply = &connection->worker->reply;
    char header[FRAME_HEADER_MAX];
    size_t header_len =
        frame_write_header(header, opcode, reply->len - FRAME_HEADER_MAX);
    size_t start = FRAME_HEADER_MAX - header_len;
    memcpy(reply->data + start, header, header_len);
    struct bytes joined = bytes_skip(buffer_bytes(reply), start);

    if (!takes_replies(connection)) {
        drop(connection, 1);
        return;
    }
    count_sent(connection, 1, joined.len);
    if (joined.len <= REPLY_BYTES && is_writable(connection)) {
        replies_add(connection->worker, connection, joined);
        return;
    }
    replies_send(connection->worker);
    if (!send_by(connection, connection->transport->write, joined))
        queue_copies(connection, joined);
}

void connection_send_replies(struct connection *connection,
                             struct bytes frames)
{
    if (!send_by(connection, later(connection), frames))
        queue_copies(connection, frames);
}

void connection_on_writable(struct connection *connection)
{
    if (!connection->is_open || connection->is_close_started)
        return;
    struct buffer *flush = &connection->worker->flush;
    while (!outbox_is_empty(&connection->outbox) &&
           !connection->transport->is_blocked(connection)) {
        buffer_clear(flush);
        size_t before = outbox_bytes(&connection->outbox);
        outbox_take(&connection->outbox, flush, FLUSH_BYTES);
        note_outbox(connection, before);
        if (!connection->transport->write(connection, buffer_bytes(flush))) {
            connection_drop_outbox(connection);
            connection_close(connection, CLOSE_CONNECTION_LOST);
        }
    }
    if (!outbox_is_empty(&connection->outbox))
        connection->transport->want_writable(connection);
    else if (connection->is_closing)
        worker_close_later(connection->worker, connection);
}
