#include "net/http/event_stream.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/api.h"
#include "base/memory.h"
#include "base/random.h"
#include "messaging/lifecycle.h"
#include "messaging/pressure.h"
#include "net/acked.h"
#include "net/http/client_cors.h"
#include "net/http/http_refusal.h"
#include "net/http/request_head.h"
#include "net/http/response.h"
#include "net/stream_transport.h"
#include "net/websocket/opening.h"

/* Reconnects of clients that lost the server simultaneously are spread over
 * this time. */
enum {
    RETRY_MS = 1000,
    RETRY_SPREAD_MS = 2000,
    DRAIN_SPREAD_MS = 5000,
    LAST_EVENT_ID_MAX = 16384
};

/* Prefix of the id of a client that must not reconnect: others never have it.
 */
#define STAY_AWAY '!'

/* ---- framing ------------------------------------------------------------- */

/* The value of "type", the first member of every payload; empty if missing. */
static struct bytes type_of(struct bytes payload)
{
    static const struct bytes start = {"{\"type\":\"", 9};
    enum { TYPE_MAX = 32 };
    if (!bytes_start_with(payload, start))
        return (struct bytes){0};
    struct bytes type = bytes_skip(payload, start.len);
    size_t len = 0;
    while (len < type.len && len < TYPE_MAX &&
           isalnum((unsigned char)type.data[len]))
        len++;
    bool is_whole = len < type.len && type.data[len] == '"';
    return (struct bytes){type.data, is_whole ? len : 0};
}

/* In JSON, line ends can be replaced by spaces. */
static void replace_line_ends(char *text, size_t len)
{
    char *at;
    while ((at = memchr(text, '\n', len)))
        *at = ' ';
    while ((at = memchr(text, '\r', len)))
        *at = ' ';
}

static size_t wrap(struct buffer *out, enum payload_kind kind)
{
    char head[FRAMING_ROOM];
    size_t payload_len = out->len - FRAMING_ROOM;
    char *payload = out->data + FRAMING_ROOM;
    struct bytes type = type_of((struct bytes){payload, payload_len});
    size_t len = (size_t)snprintf(
        head, sizeof head,
        type.len ? "event: %.*s\ndata: " : "%.*sdata: ", (int)type.len,
        type.data ? type.data : "");
    (void)kind; /* only text is supported */
    replace_line_ends(payload, payload_len);
    memcpy(payload - len, head, len);
    buffer_append_char(out, '\n');
    return FRAMING_ROOM - len;
}

static size_t whole_len(struct bytes frames)
{
    const char *end = memmem(frames.data, frames.len, "\n\n", 2);
    return end ? (size_t)(end - frames.data) + 2 : frames.len;
}

static void append_mark(struct connection *connection,
                        const struct message *message, struct buffer *out)
{
    if (connection->protocol->append_mark)
        connection->protocol->append_mark(connection, message, out);
}

static void finish(struct connection *connection, const struct message *message,
                   struct buffer *out)
{
    size_t start = out->len;
    buffer_append_text(out, "id: ");
    size_t empty = out->len;
    append_mark(connection, message, out);
    if (out->len == empty)
        out->len = start; /* an empty id would clear the last one */
    else
        buffer_append_char(out, '\n');
    buffer_append_char(out, '\n');
}

const struct framing event_stream_framing = {
    .number = 1,
    .wrap = wrap,
    .whole_len = whole_len,
    .finish = finish,
};

/* ---- the transport ------------------------------------------------------- */

/* A comment keeps proxies from timing out, and a vanished client does not
 * acknowledge it. */
static bool transport_ping(struct connection *connection)
{
    return stream_write(stream_transport_socket(connection),
                        BYTES_LITERAL(":\n\n"));
}

static void append_retry(struct buffer *out, unsigned spread_ms)
{
    buffer_append_format(out, "retry: %u\n",
                         (unsigned)(RETRY_MS + random_uint64() % spread_ms));
}

/* 44xx: do not reconnect, as with WebSocket close codes. */
static bool is_final(int code)
{
    return code >= 4400 && code < 4500;
}

/* A stream has no close frame, and browsers always reconnect. So the last event
 * contains the reason, and its id, which the browser sends back, tells whether
 * reconnecting is allowed. */
static void append_close(struct connection *connection,
                         enum close_reason reason, int code, struct buffer *out)
{
    if (!is_final(code))
        append_retry(out, reason == CLOSE_RESTART ? DRAIN_SPREAD_MS
                                                  : RETRY_SPREAD_MS);
    buffer_append_format(out,
                         "event: close\ndata: {\"type\":\"close\","
                         "\"code\":%d,\"reason\":",
                         code);
    buffer_append_json_string(out, bytes_of(connection_close_text(connection)));
    buffer_append_text(out, "}\n");
    if (is_final(code)) {
        buffer_append_format(out, "id: %c", STAY_AWAY);
        append_mark(connection, NULL, out);
        buffer_append_char(out, '\n');
    }
    buffer_append_char(out, '\n');
}

static void transport_close(struct connection *connection,
                            enum close_reason reason)
{
    struct socket *socket = stream_transport_socket(connection);
    int code = protocol_close_code(connection->protocol, reason);
    /* do not wait for a peer that must free memory */
    if (!code ||
        (pressure_is_high(connection->worker) && stream_is_blocked(socket))) {
        stream_end(socket, STREAM_KILL);
        return;
    }
    struct buffer *out = &socket->reactor->response;
    buffer_clear(out);
    append_close(connection, reason, code, out);
    stream_write(socket, buffer_bytes(out));
    socket_move(socket, &socket->reactor->closing);
    stream_end(socket, STREAM_LINGER); /* the client may still be sending */
}

const struct transport event_stream_transport = {
    .framing = &event_stream_framing,
    .gauge = METRIC_EVENT_STREAMS,
    .write = stream_transport_write,
    .write_later = stream_transport_write_later,
    .is_blocked = stream_transport_is_blocked,
    .unsent = stream_transport_unsent,
    .want_writable = stream_transport_want_writable,
    .ping = transport_ping,
    .acked = acked_by_peer,
    .close = transport_close,
    .address = stream_transport_address,
};

/* ---- the request --------------------------------------------------------- */

/* The header sent by the browser is newer than the parameter that its page put
 * into the URL. */
static struct bytes last_event_id(struct socket *socket,
                                  const struct request_head *head)
{
    struct bytes rest = head->query;
    if (head->counts[FIELD_LAST_EVENT_ID])
        return head->fields[FIELD_LAST_EVENT_ID];
    return request_query_next(&rest, "last_event_id",
                              &socket->reactor->decoded);
}

void event_stream_keep(struct socket *socket, const struct request_head *head)
{
    struct opening *opening = socket_peek(socket)->opening;
    struct bytes id = last_event_id(socket, head);
    opening->cors = client_cors(socket, head);
    if (id.len && id.data[0] == STAY_AWAY)
        id = bytes_skip(id, 1);
    if (id.len && id.len <= LAST_EVENT_ID_MAX)
        opening->last_event_id = memory_copy_text(id.data, id.len);
}

static void answer_without_body(struct socket *socket,
                                const struct request_head *head,
                                const char *more)
{
    struct buffer headers = {0};
    char *cors = client_cors(socket, head);
    buffer_append_text(&headers, cors);
    buffer_append_text(&headers, more);
    const struct response response = {.status = 204,
                                      .headers = buffer_bytes(&headers)};
    metrics_add(&socket->reactor->worker.metrics, METRIC_HTTP_REQUESTS, 1);
    response_write(socket, &response);
    stream_end(socket, STREAM_CLOSE);
    buffer_deinit(&headers);
    free(cors);
}

/* Preflight requests of pages that send Authorization with fetch. */
static void answer_options(struct socket *socket,
                           const struct request_head *head)
{
    answer_without_body(
        socket, head,
        client_cors_allows(socket, head)
            ? "Allow: GET, OPTIONS\r\n"
              "Access-Control-Allow-Methods: GET, OPTIONS\r\n"
              "Access-Control-Allow-Headers: Authorization, Last-Event-ID, "
              "Cache-Control\r\n"
              "Access-Control-Max-Age: 600\r\n"
            : "Allow: GET, OPTIONS\r\n");
}

/* The browser was told not to reconnect, see append_close. */
static bool is_to_stay_away(const struct request_head *head)
{
    struct bytes id = head->fields[FIELD_LAST_EVENT_ID];
    return id.len && id.data[0] == STAY_AWAY;
}

bool event_stream_answer(struct socket *socket, const struct request_head *head)
{
    if (request_has_body(head))
        http_refuse_malformed(
            socket, 400, "A request for an event stream must not have a body");
    else if (bytes_equal(head->method, BYTES_LITERAL("OPTIONS")))
        answer_options(socket, head);
    else if (is_to_stay_away(head))
        answer_without_body(socket, head, "");
    else
        return false;
    return true;
}

/* ---- opening ------------------------------------------------------------- */

/* A stream_reader: a client sends nothing after its request. */
static size_t drop_input(struct socket *socket, char *data, size_t len)
{
    (void)data;
    if (socket->connection)
        connection_on_ping(socket->connection);
    return len;
}

static void write_head(struct socket *socket, const struct opening *opening)
{
    struct buffer *out = &socket->reactor->response;
    buffer_clear(out);
    buffer_append_text(out, "HTTP/1.1 200 OK\r\n"
                            "Server: peal\r\n"
                            "Content-Type: text/event-stream\r\n"
                            "Cache-Control: no-store\r\n"
                            "X-Accel-Buffering: no\r\n"
                            "X-Content-Type-Options: nosniff\r\n");
    buffer_append_text(out, opening->cors);
    buffer_append_text(out, "Connection: close\r\n\r\n");
    append_retry(out, RETRY_SPREAD_MS);
    buffer_append_char(out, '\n');
    if (!stream_write(socket, buffer_bytes(out)))
        stream_end(socket, STREAM_KILL);
}

void event_stream_accept(struct socket *socket)
{
    struct opening *opening = socket_peek(socket)->opening;
    struct connection *connection = socket->connection;
    socket->extra->opening = NULL;
    socket_move(socket, NULL);
    stream_set_reader(socket, drop_input);
    metrics_add(&socket->reactor->worker.metrics, METRIC_HTTP_REQUESTS, 1);
    write_head(socket, opening);
    if (opening->last_event_id && connection->protocol->on_resume)
        connection->protocol->on_resume(connection,
                                        bytes_of(opening->last_event_id));
    connection->wants_hello = opening->wants_hello;
    connection_open(connection, opening->channels, opening->channel_count);
    opening_free(opening);
}
