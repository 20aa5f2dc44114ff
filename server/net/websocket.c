#include "net/websocket.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>

#include <libwebsockets.h>

#include "base/loop.h"
#include "base/memory.h"
#include "messaging/frame.h"
#include "net/body_guard.h"
#include "net/exchange.h"
#include "net/handshake.h"
#include "net/headers.h"
#include "net/held_response.h"
#include "net/http.h"
#include "net/reactor.h"
#include "net/response.h"
#include "net/send_ring.h"
#include "net/tls.h"

static struct socket *socket_of(const struct connection *connection)
{
    return connection->socket;
}

/* Frames are whole and unmasked: RAW leaves them as they are, and may follow
 * each other freely, which libwebsockets' own framing may not. */
static bool transport_write(struct connection *connection, struct bytes frames)
{
    return held_response_pass(socket_of(connection)->wsi, frames) >= 0;
}

static bool transport_write_later(struct connection *connection,
                                  struct bytes frames)
{
    struct socket *socket = socket_of(connection);
    struct send_ring *ring = socket->reactor->send_ring;
    if (!ring)
        return transport_write(connection, frames);
    send_ring_add(ring, socket, socket->fd, frames);
    return true;
}

void websocket_on_sent(struct socket *socket, struct bytes frames, int sent)
{
    if (sent == (int)frames.len)
        return;
    bool is_lost = sent < 0 && sent != -EAGAIN && sent != -EINTR;
    size_t taken = sent > 0 ? (size_t)sent : 0;
    /* libwebsockets keeps what the kernel has no room for */
    if (is_lost ||
        !transport_write(socket->connection, bytes_skip(frames, taken)))
        connection_close(socket->connection, CLOSE_CONNECTION_LOST);
}

/* Also once libwebsockets began a close itself (bad UTF-8, protocol error):
 * nothing may follow its close frame. */
static bool transport_is_blocked(const struct connection *connection)
{
    struct lws *wsi = socket_of(connection)->wsi;
    return lws_partial_buffered(wsi) || lws_get_close_length(wsi);
}

static void transport_want_writable(struct connection *connection)
{
    lws_callback_on_writable(socket_of(connection)->wsi);
}

static void write_close_frame(struct lws *wsi, int code, const char *text)
{
    char frame[FRAME_HEADER_MAX + 2 + CLOSE_TEXT_MAX];
    size_t text_len = strlen(text);
    size_t len = frame_write_header(frame, FRAME_CLOSE, text_len + 2);
    frame[len++] = (char)(code >> 8);
    frame[len++] = (char)code;
    memcpy(frame + len, text, text_len);
    lws_write(wsi, (unsigned char *)frame, len + text_len, LWS_WRITE_RAW);
}

/* Closing with a part of an earlier write pending, libwebsockets flushes it
 * but leaves the close frame out: so ours is put behind it. Meanwhile it reads
 * nothing, but would be told without end that there is something to read. */
static void close_with(struct socket *socket, int code, const char *text)
{
    struct lws *wsi = socket->wsi;
    bool has_partial = lws_partial_buffered(wsi);
    if (has_partial)
        lws_rx_flow_control(wsi, 0);
    if (code && has_partial)
        write_close_frame(wsi, code, text);
    else if (code)
        lws_close_reason(wsi, (enum lws_close_status)code,
                         (unsigned char *)text, strlen(text));
    socket_close(socket);
}

/* RFC 6455 section 7.1.7: the client broke the rules. */
static bool is_failure(enum close_reason reason)
{
    return reason == CLOSE_PROTOCOL_ERROR || reason == CLOSE_BAD_UTF8 ||
           reason == CLOSE_TOO_BIG;
}

static void end_sending(struct socket *socket)
{
    tls_end_sending(lws_get_ssl(socket->wsi));
    shutdown(socket->fd, SHUT_WR);
    socket->input.is_closing = true;
}

/* After a failure the client's answer is not looked at (RFC 6455 section
 * 7.1.1): TCP ends from our side behind the close frame, and what still comes
 * is thrown away until it ends from the other, so that no reset overtakes the
 * frame. */
static void linger_with(struct socket *socket, int code, const char *text)
{
    write_close_frame(socket->wsi, code, text);
    end_sending(socket);
    socket_move(socket, &socket->reactor->lingering);
}

static void transport_close(struct connection *connection,
                            enum close_reason reason)
{
    struct socket *socket = socket_of(connection);
    int code = close_reason_info(reason)->code;
    const char *text = connection_close_text(connection);
    if (is_failure(reason) && !lws_partial_buffered(socket->wsi))
        linger_with(socket, code, text);
    else
        close_with(socket, code, text);
}

static void transport_address(const struct connection *connection,
                              char out[IP_ADDRESS_TEXT])
{
    ip_address_print(ip_count_address(socket_of(connection)->ip), out);
}

const struct transport websocket_transport = {
    .write = transport_write,
    .write_later = transport_write_later,
    .is_blocked = transport_is_blocked,
    .want_writable = transport_want_writable,
    .close = transport_close,
    .address = transport_address,
};

int websocket_on_upgrade(struct socket *socket)
{
    /* on a kept connection an unknown Upgrade value gets here with its
     * headers freed (CVE-2025-11677) */
    if (lws_hdr_total_length(socket->wsi, WSI_TOKEN_UPGRADE) <= 0)
        return -1;
    struct headers headers = headers_of(socket->reactor, socket->wsi);
    struct bytes upgrade = headers_get(&headers, WSI_TOKEN_UPGRADE);
    struct bytes version = headers_get(&headers, WSI_TOKEN_HTTP);
    /* RFC 9110 section 7.8: in HTTP/1.0 an upgrade is not asked for */
    if (!upgrade.len || strcasecmp(upgrade.data, "websocket") != 0 ||
        !bytes_equal(version, BYTES_LITERAL("HTTP/1.1")))
        return http_on_unknown_upgrade(socket);
    socket->requests++;
    return handshake_judge(socket) ? 0 : -1;
}

int websocket_on_filter(const struct socket *socket)
{
    return socket->opening ? 0 : -1;
}

void websocket_on_open(struct socket *socket)
{
    socket_move(socket, NULL);
    input_begin_frames(socket);
    if (socket->admission) { /* it waits for leave */
        body_guard_pause(socket->wsi);
        return;
    }
    struct opening *opening = socket->opening;
    if (!socket->connection) {
        socket_move(socket, &socket->reactor->explained);
        return;
    }
    socket->opening = NULL;
    connection_open(socket->connection, opening->channels,
                    opening->channel_count);
    opening_free(opening);
}

/* RFC 6455 section 8.1: text is UTF-8, and is refused at the first byte that
 * shows it is not. */
static bool text_is_good(struct socket *socket, struct bytes piece,
                         bool is_final)
{
    return lws_frame_is_binary(socket->wsi) ||
           (utf8_check(&socket->text, piece) &&
            (!is_final || utf8_is_whole(&socket->text)));
}

int websocket_on_receive(struct socket *socket, const char *data, size_t len)
{
    struct lws *wsi = socket->wsi;
    size_t remaining = lws_remaining_packet_payload(wsi);
    /* over TLS libwebsockets reads on by itself */
    if (remaining && !input_has_more(socket) && !socket->reactor->net->tls)
        socket->reactor->has_cut_message = true;
    if (!socket->connection)
        return 0;
    struct bytes piece = {data, len};
    bool is_final = lws_is_final_fragment(wsi);
    if (text_is_good(socket, piece, is_final))
        connection_receive(socket->connection, piece, remaining, is_final,
                           lws_frame_is_binary(wsi));
    else
        connection_close(socket->connection, CLOSE_BAD_UTF8);
    return 0;
}

/* What is wrong with a close frame's body (RFC 6455 section 7.4), beyond what
 * libwebsockets sees. */
static int close_body_fault(struct bytes body, int code)
{
    enum { CODE_MAX = 4999 };
    struct utf8 state = {0};
    if (code > CODE_MAX)
        return LWS_CLOSE_STATUS_PROTOCOL_ERR;
    if (!utf8_check(&state, bytes_skip(body, 2)) || !utf8_is_whole(&state))
        return LWS_CLOSE_STATUS_INVALID_PAYLOAD;
    return 0;
}

/* A pong that waits is replaced by the next (RFC 6455 section 5.5.3). */
static void write_pong(struct connection *connection, struct bytes frame)
{
    struct socket *socket = socket_of(connection);
    free(socket->pong);
    socket->pong = NULL;
    if (!transport_is_blocked(connection)) {
        if (!transport_write(connection, frame))
            connection_close(connection, CLOSE_CONNECTION_LOST);
        return;
    }
    socket->pong = memory_new(1, frame.len);
    memcpy(socket->pong, frame.data, frame.len);
    transport_want_writable(connection);
}

void websocket_answer_ping(struct socket *socket, struct bytes payload)
{
    char frame[FRAME_HEADER_MAX + 125];
    struct connection *connection = socket->connection;
    if (!connection || !connection_on_ping(connection))
        return;
    size_t len = frame_write_header(frame, FRAME_PONG, payload.len);
    memcpy(frame + len, payload.data, payload.len);
    write_pong(connection, (struct bytes){frame, len + payload.len});
}

static void write_waiting_pong(struct connection *connection)
{
    const struct socket *socket = socket_of(connection);
    if (!socket->pong || transport_is_blocked(connection))
        return;
    char frame[2 + 125];
    size_t len = 2 + (size_t)socket->pong[1];
    memcpy(frame, socket->pong, len);
    write_pong(connection, (struct bytes){frame, len});
}

/* It was no request that can be understood in one way only: in its head, or in
 * the chunks of its body, of which it may have been answered already. Where an
 * earlier one is still being answered, that answer is the last. */
static void refuse_request(struct socket *socket)
{
    struct exchange *exchange = socket->exchange;
    if (exchange && exchange->is_asking) {
        exchange->keep_open = false;
        return;
    }
    bool is_answered = exchange && !exchange->call;
    exchange_free(socket);
    socket_move(socket, &socket->reactor->lingering);
    if (is_answered) {
        end_sending(socket);
        return;
    }
    metrics_add(&socket->reactor->worker.metrics, METRIC_HTTP_REQUESTS, 1);
    response_write_json(socket, 400, "",
                        BYTES_LITERAL("{\"error\":\"Malformed request\"}"));
    if (!lws_partial_buffered(socket->wsi))
        end_sending(socket);
}

void websocket_close_broken(struct reactor *reactor)
{
    struct socket *socket;
    while ((socket = input_take_broken(reactor))) {
        if (!socket->input.is_frames) {
            refuse_request(socket);
            continue;
        }
        socket_move(socket, &reactor->lingering);
        if (socket->connection)
            connection_close(socket->connection, CLOSE_PROTOCOL_ERROR);
        loop_wake(reactor->loop); /* closings belong to the next turn */
    }
}

int websocket_on_writable(struct socket *socket)
{
    /* after libwebsockets began a close itself (bad UTF-8, protocol error),
     * data must not follow its close frame */
    bool is_closing =
        !socket->connection || socket->connection->is_close_started;
    if (!is_closing && lws_get_close_length(socket->wsi))
        return -1;
    if (is_closing)
        return 0;
    write_waiting_pong(socket->connection);
    connection_on_writable(socket->connection);
    return 0;
}

/* libwebsockets answers with what stands in the body. */
static void write_code(unsigned char *data, int code)
{
    data[0] = (unsigned char)(code >> 8);
    data[1] = (unsigned char)code;
}

int websocket_on_peer_close(struct socket *socket, unsigned char *data,
                            size_t len)
{
    enum { NO_STATUS = 1005 }; /* RFC 6455 section 7.1.5 */
    /* registered after libwebsockets made its list */
    enum { LATER_FIRST = 1012, LATER_LAST = 1014 };
    int code = len >= 2 ? data[0] << 8 | data[1] : NO_STATUS;
    int sent = socket->input.check.close_code;
    int fault = close_body_fault((struct bytes){(char *)data, len}, code);
    if (fault) {
        memset(data, ' ', len);
        write_code(data, fault);
    } else if (sent >= LATER_FIRST && sent <= LATER_LAST) {
        code = sent;
        write_code(data, code);
    }
    if (socket->connection) {
        replies_send(&socket->reactor->worker); /* nothing may follow a close */
        socket->connection->peer_close_code = code;
        socket->connection->is_close_started = true;
        socket->connection->is_closing = true;
    }
    return 0;
}

void websocket_on_closed(struct socket *socket)
{
    struct connection *connection = socket->connection;
    if (!connection || !connection->is_open || connection->is_closing ||
        lws_get_close_length(socket->wsi) < 2)
        return;
    connection->is_closing = true;
    connection->close_reason = CLOSE_PROTOCOL_ERROR;
}

void websocket_close_explained(struct reactor *reactor)
{
    while (reactor->explained.first) {
        struct socket *socket = reactor->explained.first;
        socket_move(socket, NULL);
        const struct opening *opening = socket->opening;
        lws_close_reason(
            socket->wsi,
            (enum lws_close_status)close_reason_info(opening->refusal)->code,
            (unsigned char *)opening->reason, strlen(opening->reason));
        socket_close(socket);
    }
}
