/* The sending half of connection.c: writes immediately, at the end of the turn,
 * or when the socket is writable. */
#include "base/memory.h"
#include "messaging/connection.h"
#include "messaging/rates.h"
#include "messaging/responses.h"
#include "messaging/slow_reader.h"
#include "messaging/worker.h"

enum { FLUSH_BYTES = 65536 }; /* of the outbox per write */

static void count(struct connection *connection, enum metric metric, int64_t by)
{
    metrics_add(&connection->worker->metrics, metric, by);
}

static void drop(struct connection *connection, size_t frame_count)
{
    count(connection, METRIC_DROPPED_CLOSED, (int64_t)frame_count);
}

/* Updates metrics of waiting data. */
static void note_outbox(struct connection *connection, size_t before,
                        int64_t memory)
{
    size_t now = outbox_bytes(&connection->outbox);
    count(connection, METRIC_OUTBOX_BYTES, (int64_t)now - (int64_t)before);
    count(connection, METRIC_WAITING_BYTES, memory);
}

size_t connection_waiting(const struct connection *connection)
{
    const struct transport *transport = connection->transport;
    return outbox_bytes(&connection->outbox) +
           (transport->unsent ? transport->unsent(connection) : 0);
}

void connection_drop_outbox(struct connection *connection)
{
    int64_t memory = 0;
    size_t before = outbox_bytes(&connection->outbox);
    drop(connection, replies_forget(&connection->worker->replies, connection));
    drop(connection, outbox_clear(&connection->outbox, &memory));
    note_outbox(connection, before, memory);
}

typedef bool write_function(struct connection *connection, struct bytes frames);

/* Writes bytes that do not change until the worker settles. */
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

static void count_sent(struct connection *connection, size_t frame_count,
                       size_t len)
{
    count(connection, METRIC_MESSAGES_OUT, (int64_t)frame_count);
    count(connection, METRIC_BYTES_OUT, (int64_t)len);
    if (connection->worker->watch)
        watch_connection(connection->worker, connection->handle,
                         RATE_MESSAGES_OUT, frame_count, len);
}

/* True if nothing is left to do. */
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
    int64_t memory = 0;
    while (queued < frame_count &&
           slow_reader_queue(connection, frames[queued], topic, &memory))
        queued++;
    note_outbox(connection, before, memory);
    metrics_observe(&connection->worker->metrics, DISTRIBUTION_OUTBOX_DEPTH,
                    outbox_bytes(&connection->outbox));
    if (queued == frame_count)
        connection->transport->want_writable(connection);
}

/* Concatenated frames. */
static void queue_copies(struct connection *connection, struct bytes frames,
                         const void *topic)
{
    const struct framing *framing = connection->transport->framing;
    while (frames.len) {
        struct bytes first = {frames.data, framing->whole_len(frames)};
        struct frame *frame = frame_new_raw(first);
        queue_frames(connection, &frame, 1, topic);
        frame_unref(frame);
        frames = bytes_skip(frames, first.len);
    }
}

/* A closing connection still receives pending channel messages if its close
 * reason flushes. */
static bool takes_publications(const struct connection *connection)
{
    return connection->is_open &&
           (!connection->is_closing ||
            close_reason_info(connection->close_reason)->flush);
}

static bool is_shared(const struct connection *connection)
{
    return !connection->transport->framing->finish;
}

/* Frames, each followed by its connection-specific trailer. */
static void send_finished(struct connection *connection,
                          const struct rendering *rendering, const void *topic)
{
    struct buffer *out = &connection->worker->finished;
    buffer_clear(out);
    for (size_t i = 0; i < rendering->count; i++) {
        buffer_append(out, frame_bytes(rendering->frames[i]));
        connection->transport->framing->finish(connection,
                                               rendering->messages[i], out);
    }
    struct bytes joined = buffer_bytes(out);
    count_sent(connection, rendering->count, joined.len);
    if (!send_by(connection, connection->transport->write, joined))
        queue_copies(connection, joined, topic);
}

void connection_send_rendering(struct connection *connection,
                               const struct rendering *rendering,
                               const void *topic)
{
    if (!takes_publications(connection)) {
        drop(connection, rendering->count);
        return;
    }
    connection_send_replies(connection->worker);
    if (!is_shared(connection)) {
        send_finished(connection, rendering, topic);
        return;
    }
    count_sent(connection, rendering->count, rendering->joined.len);
    if (!send_by(connection, later(connection), rendering->joined))
        queue_frames(connection, rendering->frames, rendering->count, topic);
}

static bool takes_replies(const struct connection *connection)
{
    return connection->is_open && !connection->is_closing;
}

static void send_frame(struct connection *connection, struct message *message,
                       struct frame *frame)
{
    struct bytes bytes = frame_bytes(frame);
    if (!takes_replies(connection)) {
        drop(connection, 1);
        return;
    }
    connection_send_replies(connection->worker);
    if (!is_shared(connection)) {
        const struct rendering one = {
            .messages = &message, .frames = &frame, .count = 1};
        send_finished(connection, &one, NULL);
        return;
    }
    count_sent(connection, 1, bytes.len);
    if (!send_by(connection, connection->transport->write, bytes))
        queue_frames(connection, &frame, 1, NULL);
}

void connection_send(struct connection *connection, struct message *message)
{
    const struct encoding *encoding = connection_encoding(connection);
    if (encoding)
        send_frame(
            connection, message,
            message_frame(message, encoding, connection->transport->framing));
}

/* The concatenated frames for one connection. */
static void send_requested(struct connection *connection, struct bytes joined)
{
    if (send_by(connection, connection->transport->write, joined))
        return;
    queue_copies(connection, joined, outbox_requested);
    connection_weigh_answers(connection);
}

static void append_message(struct connection *connection,
                           const struct message *message, struct buffer *out)
{
    const struct framing *framing = connection->transport->framing;
    struct frame *frame =
        message_new_frame(message, connection_encoding(connection), framing);
    buffer_append(out, frame_bytes(frame));
    if (framing->finish)
        framing->finish(connection, message, out);
    frame_unref(frame);
}

static bool skips(const struct connection *connection,
                  const struct message *message)
{
    return connection->protocol->skips &&
           connection->protocol->skips(connection, message);
}

void connection_send_page(struct connection *connection,
                          struct message *const *messages, size_t count)
{
    struct buffer *out = &connection->worker->finished;
    if (!takes_replies(connection)) {
        drop(connection, count);
        return;
    }
    connection_send_replies(connection->worker);
    buffer_clear(out);
    for (size_t i = 0; i < count; i++)
        if (!skips(connection, messages[i]))
            append_message(connection, messages[i], out);
    if (!out->len)
        return;
    count_sent(connection, count, out->len);
    send_requested(connection, buffer_bytes(out));
}

static void send_replies(struct connection *connection, struct bytes frames)
{
    if (send_by(connection, later(connection), frames))
        return;
    queue_copies(connection, frames, outbox_requested);
    connection_weigh_answers(connection);
}

static void send_gathered(struct worker *worker)
{
    struct replies *replies = &worker->replies;
    uint32_t count = replies->count;
    replies->count = 0; /* keep the order with what is being written now */
    for (uint32_t i = 0; i < count; i++) {
        const struct reply *reply = &replies->list[i];
        if (reply->connection)
            send_replies(
                reply->connection,
                (struct bytes){replies->data + reply->start, reply->len});
    }
    worker_settle(worker);
    replies->len = 0;
}

/* Called for each delivery; usually there are none. */
void connection_send_replies(struct worker *worker)
{
    if (worker->replies.count)
        send_gathered(worker);
}

static void add_reply(struct connection *connection, struct bytes frame)
{
    struct worker *worker = connection->worker;
    if (!replies_have_room(&worker->replies, frame.len))
        connection_send_replies(worker);
    replies_add(&worker->replies, connection, frame);
}

struct buffer *connection_reply_begin(struct connection *connection)
{
    struct buffer *reply = &connection->worker->reply;
    frame_begin(reply);
    return reply;
}

void connection_reply_end(struct connection *connection, enum payload_kind kind)
{
    const struct framing *framing = connection->transport->framing;
    struct buffer *reply = &connection->worker->reply;
    size_t start = framing->wrap(reply, kind);
    if (framing->finish)
        framing->finish(connection, NULL, reply);
    struct bytes joined = bytes_skip(buffer_bytes(reply), start);

    if (!takes_replies(connection)) {
        drop(connection, 1);
        return;
    }
    count_sent(connection, 1, joined.len);
    if (joined.len <= REPLY_BYTES && is_writable(connection)) {
        add_reply(connection, joined);
        return;
    }
    connection_send_replies(connection->worker);
    send_requested(connection, joined);
}

/* Call after the last part: other writes are allowed again. */
static void end_parts(struct connection *connection)
{
    outbox_release(&connection->outbox);
    if (!outbox_is_empty(&connection->outbox))
        connection->transport->want_writable(connection);
    else if (connection->is_closing)
        connection_close_later(connection);
}

void connection_reply_end_part(struct connection *connection,
                               enum payload_kind kind,
                               const struct request *request)
{
    const struct transport *transport = connection->transport;
    struct buffer *reply = &connection->worker->reply;
    size_t start = transport->framing->wrap_part(
        reply, kind, !request->is_continued, !request->has_more);
    struct bytes part = bytes_skip(buffer_bytes(reply), start);
    connection_send_replies(connection->worker);
    outbox_hold(&connection->outbox);
    count_sent(connection, !request->has_more, part.len);
    if (!transport->write(connection, part))
        connection_close(connection, CLOSE_CONNECTION_LOST);
    if (!request->has_more)
        end_parts(connection);
}

bool connection_takes_pages(const struct connection *connection)
{
    const struct outbox *outbox = &connection->outbox;
    return (outbox_is_empty(outbox) || outbox_is_held(outbox)) &&
           !connection->transport->is_blocked(connection);
}

void connection_weigh_answers(struct connection *connection)
{
    const struct limits *limits =
        &connection->worker->instance->options->limits;
    size_t share = connection->is_paused ? 2 : 1; /* hysteresis */
    size_t bytes = outbox_requested_bytes(&connection->outbox);
    uint32_t count = responses_count(connection);
    bool is_much = bytes > limits->outbox_bytes / share ||
                   count > RESPONSES_WAITING_MAX / share;
    if (is_much == connection->is_paused || !connection->transport->pause)
        return;
    connection->is_paused = is_much;
    connection->transport->pause(connection, is_much);
}

static void flush_outbox(struct connection *connection)
{
    struct buffer *flush = &connection->worker->flush;
    while (outbox_count(&connection->outbox) &&
           !connection->transport->is_blocked(connection)) {
        buffer_clear(flush);
        size_t before = outbox_bytes(&connection->outbox);
        int64_t memory = 0;
        outbox_take(&connection->outbox, flush, FLUSH_BYTES, &memory);
        note_outbox(connection, before, memory);
        if (!connection->transport->write(connection, buffer_bytes(flush))) {
            connection_drop_outbox(connection);
            connection_close(connection, CLOSE_CONNECTION_LOST);
        }
    }
}

void connection_on_writable(struct connection *connection)
{
    if (!connection->is_open || connection->is_close_started)
        return;
    if (!outbox_is_held(&connection->outbox))
        flush_outbox(connection);
    connection_weigh_answers(connection);
    if (outbox_is_empty(&connection->outbox) && connection->is_closing)
        connection_close_later(connection);
    else if (outbox_count(&connection->outbox) &&
             !outbox_is_held(&connection->outbox))
        connection->transport->want_writable(connection);
    else
        responses_go_on(connection);
}
