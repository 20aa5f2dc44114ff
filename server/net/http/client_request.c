#include "net/http/client_request.h"

#include <stdlib.h>

#include "api/api.h"
#include "base/json.h"
#include "base/memory.h"
#include "messaging/lifecycle.h"
#include "net/http/body_reader.h"
#include "net/http/client_cors.h"
#include "net/http/exchange.h"
#include "net/http/http_refusal.h"
#include "net/http/request_head.h"
#include "net/http/response.h"
#include "net/listen/ip_counts.h"
#include "net/stream_transport.h"
#include "net/websocket/opening.h"

enum { ANSWER_BYTES = 65536 };

struct client_request {
    struct body_reader body;
    struct buffer text;    /* of the body */
    struct buffer answer;  /* unsent answers, each preceded by a comma */
    struct ip_count *peer; /* the proxy of the socket, or NULL */
    char *cors;            /* header lines */
    bool is_list; /* list of messages: the response is a list too, unless all
                     were refused */
    bool keep_open;
    bool knows_chunks; /* HTTP/1.1 */
    bool expects_continue;
    bool is_whole; /* the body */
    bool is_begun; /* the response */
};

static void count(struct socket *socket, enum metric metric, int64_t by)
{
    metrics_add(&socket->reactor->worker.metrics, metric, by);
}

static void keep(struct socket *socket, struct buffer *buffer,
                 struct bytes bytes)
{
    buffer_append(buffer, bytes);
    count(socket, METRIC_WAITING_BYTES, (int64_t)bytes.len);
}

static void drop(struct socket *socket, struct buffer *buffer)
{
    count(socket, METRIC_WAITING_BYTES, -(int64_t)buffer->len);
    buffer_deinit(buffer);
}

void client_request_free(struct socket *socket)
{
    struct client_request *request = socket_peek(socket)->request;
    if (!request)
        return;
    /* the next request may be another client's */
    if (request->peer) {
        ip_counts_leave(socket->reactor->net->ip_counts, socket->ip);
        socket->ip = request->peer;
    }
    drop(socket, &request->text);
    drop(socket, &request->answer);
    free(request->cors);
    free(request);
    socket->extra->request = NULL;
}

bool client_request_keep_peer(struct socket *socket)
{
    struct client_request *request = socket_peek(socket)->request;
    if (request)
        request->peer = socket->ip;
    return request;
}

/* ---- framing ------------------------------------------------------------- */

/* Several answers form a list. */
static size_t wrap(struct buffer *out, enum payload_kind kind)
{
    (void)kind;
    out->data[FRAMING_ROOM - 1] = ',';
    return FRAMING_ROOM - 1;
}

static size_t wrap_part(struct buffer *out, enum payload_kind kind,
                        bool is_first, bool is_last)
{
    (void)is_last;
    return is_first ? wrap(out, kind) : FRAMING_ROOM;
}

static size_t whole_len(struct bytes frames)
{
    return frames.len;
}

/* Needs no unique number: no message frames are made with it. */
static const struct framing framing = {
    .wrap = wrap,
    .wrap_part = wrap_part,
    .whole_len = whole_len,
};

/* ---- the response -------------------------------------------------------- */

static struct client_request *request_of(const struct connection *connection)
{
    return socket_peek(stream_transport_socket(connection))->request;
}

/* The answers so far, in the form of the response. */
static struct bytes opened(struct client_request *request)
{
    struct bytes answers = buffer_bytes(&request->answer);
    if (!request->is_list)
        return answers.len ? bytes_skip(answers, 1) : answers;
    if (!answers.len)
        return BYTES_LITERAL("[");
    request->answer.data[0] = '[';
    return answers;
}

static bool write_response(struct socket *socket, int status, struct bytes body)
{
    struct client_request *request = socket_peek(socket)->request;
    struct buffer headers = {0};
    bool is_late = status == 429 || status == 503;
    buffer_append_text(&headers, request->cors ? request->cors : "");
    buffer_append_text(&headers, "Cache-Control: no-store\r\n");
    buffer_append_text(&headers, is_late ? "Retry-After: 1\r\n" : "");
    bool is_alive = response_write(
        socket, &(struct response){
                    .status = status,
                    .content_type = "application/json",
                    .headers = buffer_bytes(&headers),
                    .body = body,
                    .keep_open = request->keep_open,
                    .is_chunked = request->is_begun && request->knows_chunks,
                    .is_endless = request->is_begun && !request->knows_chunks});
    count(socket, METRIC_HTTP_REQUESTS, 1);
    buffer_deinit(&headers);
    return is_alive;
}

/* Too long to buffer completely: starts a chunked response. */
static bool begin(struct socket *socket, struct client_request *request)
{
    request->is_begun = true;
    request->keep_open = request->keep_open && request->knows_chunks;
    socket_move(socket, NULL);
    stream_pause(socket);
    bool is_alive = write_response(socket, 200, opened(request));
    drop(socket, &request->answer);
    return is_alive;
}

static bool transport_write(struct connection *connection, struct bytes frames)
{
    struct socket *socket = stream_transport_socket(connection);
    struct client_request *request = request_of(connection);
    if (request->is_begun)
        return response_write_more(socket, frames, false,
                                   request->knows_chunks);
    keep(socket, &request->answer, frames);
    return request->answer.len <= ANSWER_BYTES || begin(socket, request);
}

static bool transport_is_blocked(const struct connection *connection)
{
    return request_of(connection)->is_begun &&
           stream_is_blocked(stream_transport_socket(connection));
}

static size_t transport_unsent(const struct connection *connection)
{
    return request_of(connection)->is_begun
               ? stream_unsent(stream_transport_socket(connection))
               : 0;
}

/* ---- the end ------------------------------------------------------------- */

static void end_answered(struct socket *socket, int status)
{
    struct client_request *request = socket_peek(socket)->request;
    struct bytes end =
        request->is_list ? BYTES_LITERAL("]") : (struct bytes){"", 0};
    if (request->is_begun) {
        response_write_more(socket, end, true, request->knows_chunks);
        return;
    }
    if (request->is_list && !request->answer.len)
        keep(socket, &request->answer, BYTES_LITERAL("["));
    keep(socket, &request->answer, end);
    write_response(socket, status, opened(request));
}

/* The code is that of a close frame, as in the last event of a stream. */
static void end_closed(struct connection *connection, int status,
                       enum close_reason reason)
{
    struct buffer body = {0};
    buffer_append_format(&body, "{\"type\":\"close\",\"code\":%d,\"reason\":",
                         close_reason_info(reason)->code);
    buffer_append_json_string(&body,
                              bytes_of(connection_close_text(connection)));
    buffer_append_char(&body, '}');
    write_response(stream_transport_socket(connection), status,
                   buffer_bytes(&body));
    buffer_deinit(&body);
}

/* Prepares the socket for the next request. */
static void let_go(struct socket *socket)
{
    const struct client_request *request = socket_peek(socket)->request;
    bool is_whole = request->is_whole;
    bool keep_open = request->keep_open;
    struct connection *connection = socket->connection;
    socket->connection = NULL;
    connection_free(connection);
    client_request_free(socket);
    stream_set_reader(socket, socket->reactor->first_reader);
    if (is_whole)
        exchange_complete(socket, keep_open);
    else
        stream_end(socket, STREAM_LINGER);
}

static void transport_close(struct connection *connection,
                            enum close_reason reason)
{
    struct socket *socket = stream_transport_socket(connection);
    struct client_request *request = request_of(connection);
    int status = connection_close_code(connection, reason);
    bool is_answered = reason == CLOSE_BY_CLIENT;
    if (socket->stream.end != STREAM_OPEN)
        return; /* its body was refused */
    if (!status || (request->is_begun && !is_answered)) {
        stream_end(socket, STREAM_KILL);
        return;
    }
    request->is_list &= request->is_begun || status == 200;
    if (!request->is_whole || socket->reactor->net->is_draining)
        request->keep_open = request->is_begun && request->keep_open;
    if (is_answered)
        end_answered(socket, status);
    else
        end_closed(connection, status, reason);
    let_go(socket);
}

const struct transport client_request_transport = {
    .framing = &framing,
    .write = transport_write,
    .is_blocked = transport_is_blocked,
    .unsent = transport_unsent,
    .want_writable = stream_transport_want_writable,
    .close = transport_close,
    .address = stream_transport_address,
};

/* ---- the request --------------------------------------------------------- */

#define ALLOW "Allow: POST, OPTIONS\r\n"

static void answer_options(struct socket *socket,
                           const struct request_head *head)
{
    struct buffer headers = {0};
    char *cors = client_cors(socket, head);
    buffer_append_text(&headers, cors);
    buffer_append_text(&headers, ALLOW);
    if (client_cors_allows(socket, head))
        buffer_append_text(&headers,
                           "Access-Control-Allow-Methods: POST, OPTIONS\r\n"
                           "Access-Control-Allow-Headers: Authorization, "
                           "Content-Type\r\n"
                           "Access-Control-Max-Age: 600\r\n");
    const struct response response = {
        .status = 204,
        .headers = buffer_bytes(&headers),
        .keep_open = request_wants_keep_alive(head) && !socket->is_guest};
    count(socket, METRIC_HTTP_REQUESTS, 1);
    response_write(socket, &response);
    exchange_complete(socket, response.keep_open);
    buffer_deinit(&headers);
    free(cors);
}

static void refuse(struct socket *socket, const char *cors, int status,
                   const char *more, const char *why)
{
    struct buffer headers = {0};
    buffer_append_text(&headers, cors ? cors : "");
    buffer_append_text(&headers, more);
    http_refuse(socket, status, buffer_text(&headers), why);
    buffer_deinit(&headers);
}

static void refuse_long(struct socket *socket, const char *cors)
{
    count(socket, METRIC_LIMIT_MESSAGE_BYTES, 1);
    refuse(socket, cors, 413, "",
           "The body is longer than limits.message_bytes");
}

static uint32_t body_max(const struct socket *socket)
{
    return socket->reactor->net->instance->options->limits.message_bytes;
}

/* Whether the request is well-formed; else refuses it. */
static bool check(struct socket *socket, const struct request_head *head,
                  const char *cors)
{
    if (!bytes_equal(head->method, BYTES_LITERAL("POST")))
        refuse(socket, cors, 405, ALLOW, "Method not allowed");
    else if (!head->has_length && !head->is_chunked)
        refuse(socket, cors, 411, "", "Content-Length required");
    else if (!api_is_json(head->fields[FIELD_CONTENT_TYPE]))
        refuse(socket, cors, 415, "", "Content-Type must be application/json");
    else if (head->body_len > body_max(socket))
        refuse_long(socket, cors);
    else
        return true;
    return false;
}

static void begin_request(struct socket *socket,
                          const struct request_head *head)
{
    struct client_request *request = memory_new(1, sizeof *request);
    request->keep_open = request_wants_keep_alive(head) && !socket->is_guest;
    request->knows_chunks = head->minor > 0;
    request->expects_continue =
        request_has_body(head) && head->expects_continue;
    body_reader_begin(&request->body, head->is_chunked, head->body_len);
    socket_extra(socket)->request = request;
}

bool client_request_begin(struct socket *socket,
                          const struct request_head *head)
{
    if (bytes_equal(head->method, BYTES_LITERAL("OPTIONS"))) {
        if (request_has_body(head))
            http_refuse_malformed(socket, 400, "OPTIONS must not have a body");
        else
            answer_options(socket, head);
        return false;
    }
    char *cors = client_cors(socket, head);
    bool is_good = check(socket, head, cors);
    free(cors);
    if (is_good)
        begin_request(socket, head);
    return is_good;
}

/* ---- the body ------------------------------------------------------------ */

/* Nothing more is read before the answer is sent. */
static void run(struct socket *socket)
{
    struct client_request *request = socket_peek(socket)->request;
    struct bytes text = buffer_bytes(&request->text);
    request->is_whole = true;
    request->is_list = json_is_list(text);
    stream_hold(socket);
    socket_move(socket, &socket->reactor->asking);
    count(socket, METRIC_CLIENT_REQUESTS, 1);
    connection_receive(socket->connection, text, 0, true, false);
    drop(socket, &request->text);
}

static void take_piece(struct socket *socket, struct bytes piece)
{
    struct client_request *request = socket_peek(socket)->request;
    if (request->text.len + piece.len > body_max(socket))
        refuse_long(socket, request->cors);
    else
        keep(socket, &request->text, piece);
}

/* A stream_reader. */
static size_t read_body(struct socket *socket, char *data, size_t len)
{
    struct bytes rest = {data, len};
    struct bytes piece;
    size_t taken;
    enum body_result result = BODY_PIECE;
    while (result == BODY_PIECE && socket->stream.end == STREAM_OPEN) {
        result = body_reader_next(&socket_peek(socket)->request->body, rest,
                                  &taken, &piece);
        rest = bytes_skip(rest, taken);
        if (result == BODY_PIECE)
            take_piece(socket, piece);
        else if (result == BODY_BAD)
            http_refuse_malformed(socket, 400, "Malformed chunked body");
    }
    if (result == BODY_END)
        run(socket);
    return result == BODY_BAD ? len : len - rest.len;
}

bool client_request_wants_body(const struct socket *socket)
{
    const struct client_request *request = socket_peek(socket)->request;
    return request && socket->connection && !request->is_whole;
}

void client_request_accept(struct socket *socket)
{
    struct opening *opening = socket_peek(socket)->opening;
    struct client_request *request = socket_peek(socket)->request;
    request->cors = opening->cors;
    opening->cors = NULL;
    socket->extra->opening = NULL;
    opening_free(opening);
    connection_open(socket->connection, NULL, 0);
    stream_set_reader(socket, read_body);
    socket_move(socket, &socket->reactor->fresh);
    if (request->expects_continue)
        response_write_continue(socket);
    char none[1];
    read_body(socket, none, 0); /* there may be none */
}
