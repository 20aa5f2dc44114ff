#include "net/websocket.h"

#include <strings.h>

#include <libwebsockets.h>

#include "messaging/frame.h"
#include "net/handshake.h"
#include "net/headers.h"
#include "net/http.h"
#include "net/reactor.h"

static struct socket *socket_of(const struct connection *connection)
{
    return connection->socket;
}

/* Frames are whole and unmasked: RAW leaves them as they are, and may follow
 * each other freely, which libwebsockets' own framing may not. */
static bool transport_write(struct connection *connection, struct bytes frames)
{
    return lws_write(socket_of(connection)->wsi, (unsigned char *)frames.data,
                     frames.len, LWS_WRITE_RAW) >= 0;
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

/* What libwebsockets then waits for (the answering close frame, a flush) it
 * limits by timers of its own; set outside its events, as here, they are not
 * armed before its next one: so there is one. */
static void kill_now(struct lws *wsi)
{
    struct lws_context *context = lws_get_context(wsi);
    lws_set_timeout(wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC);
    lws_cancel_service(context);
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
 * but leaves the close frame out: so ours is put behind it. */
static void close_with(struct lws *wsi, int code, const char *text)
{
    if (code && lws_partial_buffered(wsi))
        write_close_frame(wsi, code, text);
    else if (code)
        lws_close_reason(wsi, (enum lws_close_status)code,
                         (unsigned char *)text, strlen(text));
    kill_now(wsi);
}

static void transport_close(struct connection *connection,
                            enum close_reason reason)
{
    close_with(socket_of(connection)->wsi, close_reason_info(reason)->code,
               connection_close_text(connection));
}

const struct transport websocket_transport = {
    .write = transport_write,
    .is_blocked = transport_is_blocked,
    .want_writable = transport_want_writable,
    .close = transport_close,
};

int websocket_on_upgrade(struct socket *socket)
{
    /* on a kept connection an unknown Upgrade value gets here with its
     * headers freed (CVE-2025-11677) */
    if (lws_hdr_total_length(socket->wsi, WSI_TOKEN_UPGRADE) <= 0)
        return -1;
    struct headers headers = headers_of(socket->reactor, socket->wsi);
    struct bytes upgrade = headers_get(&headers, WSI_TOKEN_UPGRADE);
    if (!upgrade.len || strcasecmp(upgrade.data, "websocket") != 0)
        return http_on_unknown_upgrade(socket);
    socket->requests++;
    return handshake_judge(socket) ? 0 : -1;
}

int websocket_on_filter(const struct socket *socket)
{
    return socket->opening ? 0 : -1;
}

static void explain_later(struct socket *socket)
{
    socket->next = socket->reactor->explained;
    socket->reactor->explained = socket;
}

void websocket_on_open(struct socket *socket)
{
    socket_move(socket, NULL);
    struct opening *opening = socket->opening;
    if (!socket->connection) {
        explain_later(socket);
        return;
    }
    socket->opening = NULL;
    connection_open(socket->connection, opening->channels,
                    opening->channel_count);
    opening_free(opening);
}

int websocket_on_receive(struct socket *socket, const char *data, size_t len)
{
    struct lws *wsi = socket->wsi;
    size_t remaining = lws_remaining_packet_payload(wsi);
    if (remaining)
        socket->reactor->has_cut_message = true;
    if (socket->connection)
        connection_receive(socket->connection, (struct bytes){data, len},
                           remaining, lws_is_final_fragment(wsi),
                           lws_frame_is_binary(wsi));
    return 0;
}

int websocket_on_writable(struct socket *socket)
{
    /* after libwebsockets began a close itself (bad UTF-8, protocol error),
     * data must not follow its close frame */
    bool is_closing = !socket->connection ||
                      socket->connection->is_close_started;
    if (!is_closing && lws_get_close_length(socket->wsi))
        return -1;
    if (!is_closing)
        connection_on_writable(socket->connection);
    return 0;
}

int websocket_on_peer_close(struct socket *socket, const unsigned char *data,
                            size_t len)
{
    enum { NO_STATUS = 1005, PROTOCOL_ERROR = 1002 }; /* RFC 6455, 7.4.1 */
    int code = len >= 2 ? data[0] << 8 | data[1] : NO_STATUS;
    if (len == 1)
        code = PROTOCOL_ERROR;
    if (socket->connection) {
        socket->connection->peer_close_code = code;
        socket->connection->is_close_started = true;
        socket->connection->is_closing = true;
    }
    if (len != 1)
        return 0;
    lws_close_reason(socket->wsi, LWS_CLOSE_STATUS_PROTOCOL_ERR, NULL, 0);
    return -1;
}

void websocket_on_closed(struct socket *socket)
{
    struct connection *connection = socket->connection;
    if (!connection || !connection->is_open || connection->is_closing ||
        lws_get_close_length(socket->wsi) < 2)
        return;
    const unsigned char *data = lws_get_close_payload(socket->wsi);
    int code = data[0] << 8 | data[1];
    connection->is_closing = true;
    connection->close_reason = code == LWS_CLOSE_STATUS_INVALID_PAYLOAD
                                   ? CLOSE_BAD_UTF8
                                   : CLOSE_PROTOCOL_ERROR;
}

void websocket_close_explained(struct reactor *reactor)
{
    while (reactor->explained) {
        struct socket *socket = reactor->explained;
        reactor->explained = socket->next;
        const struct opening *opening = socket->opening;
        lws_close_reason(
            socket->wsi,
            (enum lws_close_status)close_reason_info(opening->refusal)->code,
            (unsigned char *)opening->reason, strlen(opening->reason));
        kill_now(socket->wsi);
    }
}
