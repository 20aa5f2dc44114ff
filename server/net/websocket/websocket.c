#include "net/websocket/websocket.h"

#include <stdlib.h>

#include "base/memory.h"
#include "messaging/lifecycle.h"
#include "messaging/pressure.h"
#include "net/acked.h"
#include "net/stream_transport.h"
#include "net/websocket/frame_write.h"
#include "net/websocket/handshake_response.h"
#include "net/websocket/opening.h"

/* ---- the transport ------------------------------------------------------- */

static void transport_pause(struct connection *connection, bool is_paused)
{
    if (is_paused)
        stream_pause(stream_transport_socket(connection));
    else
        stream_resume(stream_transport_socket(connection));
}

static bool transport_ping(struct connection *connection)
{
    char frame[FRAME_CONTROL_SIZE];
    size_t len = frame_write_control(frame, FRAME_PING, BYTES_LITERAL("peal"));
    return stream_write(stream_transport_socket(connection),
                        (struct bytes){frame, len});
}

/* RFC 6455 section 7.1.7: after a protocol error the client's answer is ignored
 * (section 7.1.1). */
static bool is_failure(enum close_reason reason)
{
    return reason == CLOSE_PROTOCOL_ERROR || reason == CLOSE_BAD_UTF8 ||
           reason == CLOSE_TOO_BIG;
}

/* Begins the closing handshake, which ends with the client's close frame or a
 * time-out. */
static void start_close(struct socket *socket, int code, const char *text)
{
    char frame[FRAME_CONTROL_SIZE];
    size_t len = frame_write_close(frame, code, text);
    stream_write(socket, (struct bytes){frame, len});
    socket_move(socket, &socket->reactor->closing);
}

static void transport_close(struct connection *connection,
                            enum close_reason reason)
{
    struct socket *socket = stream_transport_socket(connection);
    int code = connection_close_code(connection, reason);
    const char *text = connection_close_text(connection);
    /* do not wait for a peer that must free memory */
    if (!code ||
        (pressure_is_high(connection->worker) && stream_is_blocked(socket))) {
        stream_end(socket, STREAM_KILL);
        return;
    }
    start_close(socket, code, text);
    if (is_failure(reason))
        stream_end(socket, STREAM_LINGER);
}

const struct transport websocket_transport = {
    .framing = &frame_write_framing,
    .ping = transport_ping,
    .pause = transport_pause,
    .has_pongs = true,
    .acked = acked_by_peer,
    .gauge = METRIC_WEBSOCKETS,
    .write = stream_transport_write,
    .write_later = stream_transport_write_later,
    .is_blocked = stream_transport_is_blocked,
    .unsent = stream_transport_unsent,
    .want_writable = stream_transport_want_writable,
    .close = transport_close,
    .address = stream_transport_address,
};

/* ---- pongs --------------------------------------------------------------- */

/* An unsent pong is replaced by the next (RFC 6455 section 5.5.3). */
static void write_pong(struct connection *connection, struct bytes frame)
{
    struct socket *socket = stream_transport_socket(connection);
    if (socket_peek(socket)->pong) {
        free(socket->extra->pong);
        socket->extra->pong = NULL;
    }
    if (!stream_is_blocked(socket)) {
        if (!stream_write(socket, frame))
            connection_close(connection, CLOSE_CONNECTION_LOST);
        return;
    }
    char *pong = memory_new(1, frame.len);
    socket_extra(socket)->pong = memcpy(pong, frame.data, frame.len);
    stream_want_writable(socket);
}

static void write_waiting_pong(struct connection *connection)
{
    const struct socket *socket = stream_transport_socket(connection);
    const char *pong = socket_peek(socket)->pong;
    if (!pong || stream_is_blocked(socket))
        return;
    char frame[FRAME_CONTROL_SIZE];
    size_t len = 2 + (size_t)pong[1];
    memcpy(frame, pong, len);
    write_pong(connection, (struct bytes){frame, len});
}

void websocket_on_writable(struct socket *socket)
{
    if (socket->connection->is_close_started)
        return;
    write_waiting_pong(socket->connection);
    connection_on_writable(socket->connection);
}

/* ---- frames -------------------------------------------------------------- */

/* RFC 6455 section 8.1: text must be UTF-8, and is refused at the first invalid
 * byte. */
static bool text_is_good(struct socket *socket, const struct frame_piece *piece)
{
    return piece->is_binary ||
           (utf8_check(&socket->text, piece->payload) &&
            (!piece->is_last || utf8_is_whole(&socket->text)));
}

static void on_data(struct socket *socket, const struct frame_piece *piece)
{
    struct connection *connection = socket->connection;
    if (!connection)
        return;
    if (text_is_good(socket, piece))
        connection_receive(connection, piece->payload, (size_t)piece->remaining,
                           piece->is_last, piece->is_binary);
    else
        connection_close(connection, CLOSE_BAD_UTF8);
}

static void on_ping(struct socket *socket, const struct frame_piece *piece)
{
    char frame[FRAME_CONTROL_SIZE];
    struct connection *connection = socket->connection;
    if (!connection || !connection_on_ping(connection))
        return;
    size_t len = frame_write_control(frame, FRAME_PONG, piece->payload);
    write_pong(connection, (struct bytes){frame, len});
}

static void on_pong(struct socket *socket, const struct frame_piece *piece)
{
    (void)piece;
    if (socket->connection)
        connection_on_sign_of_life(socket->connection);
}

/* RFC 6455 section 5.5.1: a close frame is answered with one of the same code,
 * unless it is an answer itself. */
static void on_close(struct socket *socket, const struct frame_piece *piece)
{
    struct connection *connection = socket->connection;
    if (connection && !connection->is_close_started) {
        /* nothing may follow a close frame */
        connection_send_replies(&socket->reactor->worker);
        connection->peer_close_code = (uint16_t)piece->code;
        connection->is_close_started = true;
        connection->is_closing = true;
        start_close(socket, piece->code, "");
    }
    stream_end(socket, STREAM_CLOSE);
}

static void on_bad(struct socket *socket, const struct frame_piece *piece)
{
    enum close_reason reason =
        piece->code == 1007 ? CLOSE_BAD_UTF8 : CLOSE_PROTOCOL_ERROR;
    if (socket->connection && !socket->connection->is_close_started)
        connection_close(socket->connection, reason);
    else
        stream_end(socket, STREAM_LINGER);
}

static void on_event(struct socket *socket, enum frame_event event,
                     const struct frame_piece *piece)
{
    switch (event) {
    case FRAME_EVENT_MORE:
        break;
    case FRAME_EVENT_DATA:
        on_data(socket, piece);
        break;
    case FRAME_EVENT_PING:
        on_ping(socket, piece);
        break;
    case FRAME_EVENT_PONG:
        on_pong(socket, piece);
        break;
    case FRAME_EVENT_CLOSE:
        on_close(socket, piece);
        break;
    case FRAME_EVENT_BAD:
        on_bad(socket, piece);
        break;
    }
}

static size_t drop_frames(struct socket *socket, char *data, size_t len)
{
    (void)socket, (void)data;
    return len;
}

/* A stream_reader. */
static size_t read_frames(struct socket *socket, char *data, size_t len)
{
    size_t at = 0;
    while (at < len && !socket->frames.is_over && !socket->stream.is_paused) {
        struct frame_piece piece;
        size_t taken;
        enum frame_event event = frame_reader_next(&socket->frames, data + at,
                                                   len - at, &taken, &piece);
        if (event == FRAME_EVENT_MORE)
            return at + taken;
        at += taken;
        on_event(socket, event, &piece);
        if (event == FRAME_EVENT_BAD) {
            stream_set_reader(socket, drop_frames);
            return len;
        }
    }
    return socket->stream.is_paused ? at : len;
}

/* ---- opening ------------------------------------------------------------- */

static void write_accept(struct socket *socket, const struct opening *opening)
{
    struct buffer *out = &socket->reactor->response;
    buffer_clear(out);
    handshake_response_append(opening, out);
    if (!stream_write_soon(socket, buffer_bytes(out)))
        stream_end(socket, STREAM_KILL);
}

void websocket_accept(struct socket *socket)
{
    struct opening *opening = socket_peek(socket)->opening;
    socket->extra->opening = NULL;
    socket_move(socket, NULL);
    stream_set_reader(socket, read_frames);
    write_accept(socket, opening);
    if (socket->connection) {
        socket->connection->wants_hello = opening->wants_hello;
        connection_open(socket->connection, opening->channels,
                        opening->channel_count);
    } else {
        start_close(socket,
                    protocol_close_code(opening->protocol, opening->refusal),
                    opening->reason);
    }
    opening_free(opening);
}
