#include "net/http/http.h"

#include <stdlib.h>

#include "auth/auth.h"
#include "base/memory.h"
#include "messaging/protocol.h"
#include "net/http/client_request.h"
#include "net/http/event_stream.h"
#include "net/http/exchange.h"
#include "net/http/http_refusal.h"
#include "net/http/request_reader.h"
#include "net/http/response.h"
#include "net/peer/client_address.h"
#include "net/peer/dashboard_access.h"
#include "net/reactor.h"
#include "net/websocket/handshake.h"

static void count(struct socket *socket, enum metric metric)
{
    metrics_add(&socket->reactor->worker.metrics, metric, 1);
}

/* ---- what the api is asked ----------------------------------------------- */

/* Names in API paths may be any text in any encoding. */
static struct bytes path_of(const struct socket *socket,
                            const struct request_head *head)
{
    struct buffer *decoded = &socket->reactor->decoded;
    buffer_clear(decoded);
    if (!bytes_start_with(head->path, BYTES_LITERAL("/api/channels/")) &&
        !bytes_start_with(head->path, BYTES_LITERAL("/api/clients/")) &&
        !request_path_is_plain(head->path))
        return head->path; /* an unknown one */
    request_decode(head->path, decoded);
    return buffer_bytes(decoded);
}

static void read_backend(const struct socket *socket,
                         const struct request_head *head,
                         struct api_request *request)
{
    struct buffer *decoded = &socket->reactor->decoded;
    struct bytes query = head->query;
    request->authorization = head->fields[FIELD_AUTHORIZATION];
    request->content_type = head->fields[FIELD_CONTENT_TYPE];
    request->limit = request_query_next(&query, "limit", decoded);
    query = head->query;
    request->skip = request_query_next(&query, "skip", decoded);
    query = head->query;
    request->client_id = request_query_next(&query, "client", decoded);
    query = head->query;
    request->address = request_query_next(&query, "address", decoded);
    /* several are ambiguous: use none */
    if (head->counts[FIELD_TRACEPARENT] == 1)
        request->trace = head->fields[FIELD_TRACEPARENT];
}

static bool sees_dashboard(const struct socket *socket,
                           const struct ip_address *client,
                           const struct request_head *head)
{
    const struct net *net = socket->reactor->net;
    return dashboard_access_is_given(
        net->options.dashboard, net->trusted_proxies,
        ip_count_address(socket->ip), client, head);
}

static void read_request(const struct socket *socket,
                         const struct request_head *head,
                         struct api_request *request)
{
    struct reactor *reactor = socket->reactor;
    buffer_reserve(&reactor->decoded, head->path.len + 2 * head->query.len + 2);
    *request = (struct api_request){
        .method = head->method,
        .path = path_of(socket, head),
        .raw_path = head->path,
        .query = head->query,
        .host = head->fields[FIELD_HOST],
        .origin = head->fields[FIELD_ORIGIN],
        .if_none_match = head->fields[FIELD_IF_NONE_MATCH],
        .is_secure = client_is_secure(reactor->net->trusted_proxies,
                                      ip_count_address(socket->ip), head,
                                      socket_has_tls(socket)),
        .is_for_clients = reactor->net->has_admin && !socket_is_admin(socket),
        .has_accounts = api_has_accounts(reactor->net->api),
        .has_length = head->has_length,
        .is_chunked = head->is_chunked,
        .body_len = head->body_len,
    };
    bool is_dashboard = api_is_dashboard(request->path);
    bool is_backend = api_is_for_backends(reactor->net->api, request->path);
    if (is_dashboard || is_backend)
        request->client = client_address(reactor->net->trusted_proxies,
                                         ip_count_address(socket->ip), head);
    if (is_dashboard)
        request->sees_dashboard =
            sees_dashboard(socket, &request->client, head);
    if (is_backend)
        read_backend(socket, head, request);
}

/* ---- serving ------------------------------------------------------------- */

static bool method_is(const struct request_head *head, const char *method)
{
    return bytes_equal(head->method, bytes_of(method));
}

/* RFC 9112 section 6.3: then there is no body, but a client that forgot the
 * length may send one. */
static bool lacks_length(const struct request_head *head)
{
    return !head->has_length && !head->is_chunked &&
           (method_is(head, "POST") || method_is(head, "PUT") ||
            method_is(head, "PATCH"));
}

/* Reads the request's body, if any: for the call, or to discard it after the
 * answer. */
static void go_on(struct socket *socket, const struct request_head *head,
                  struct api_call *call, bool keep_open)
{
    if (!call && !request_has_body(head)) {
        exchange_complete(socket, keep_open);
        return;
    }
    struct exchange *exchange = exchange_begin(socket, call);
    exchange->keep_open = keep_open;
    exchange->is_get = !method_is(head, "POST") && !method_is(head, "PATCH");
    exchange->head_only = method_is(head, "HEAD");
    exchange->knows_chunks = head->minor > 0;
    body_reader_begin(&exchange->body, head->is_chunked, head->body_len);
    if (call && request_has_body(head) && head->expects_continue)
        response_write_continue(socket);
    exchange_start(socket);
}

static void serve(struct socket *socket, const struct request_head *head)
{
    struct reactor *reactor = socket->reactor;
    struct api_request request;
    struct api_response found = {0};
    read_request(socket, head, &request);
    struct api_call *call =
        api_serve(reactor->net->api, &reactor->worker, &request, &found);
    bool keep_open = request_wants_keep_alive(head) && !socket->is_guest &&
                     !reactor->net->is_draining;
    if (!call) {
        /* a client waiting for 100 Continue may omit the body (RFC 9110
         * section 10.1.1), so the next data is ambiguous */
        if (lacks_length(head) || head->body_len > EXCHANGE_DISCARD_MAX ||
            (request_has_body(head) && head->expects_continue))
            keep_open = false;
        response_write_api(
            socket, &found,
            &(struct response){.head_only = method_is(head, "HEAD"),
                               .keep_open = keep_open});
        api_response_deinit(&found);
    }
    go_on(socket, head, call, keep_open);
}

/* RFC 9110 section 9.3.7: of the server as a whole. */
static void serve_asterisk(struct socket *socket,
                           const struct request_head *head)
{
    const struct response response = {
        .status = 204,
        .headers = BYTES_LITERAL("Allow: GET, HEAD, POST, OPTIONS\r\n"),
        .keep_open = request_wants_keep_alive(head) && !socket->is_guest,
    };
    count(socket, METRIC_HTTP_REQUESTS);
    response_write(socket, &response);
    go_on(socket, head, NULL, response.keep_open);
}

/* RFC 9110 section 7.8: any of the protocols named, in any case. */
static bool asks_for_websocket(const struct request_head *head)
{
    return head->wants_upgrade &&
           request_list_has(head->fields[FIELD_UPGRADE], "websocket");
}

static void serve_stream(struct socket *socket, const struct request_head *head)
{
    if (!event_stream_answer(socket, head))
        handshake_judge(socket, head);
}

/* Beyond the limits, only operators' requests are served. */
static bool is_turned_away(const struct socket *socket,
                           const struct request_head *head)
{
    return socket->is_guest && !api_is_for_operators(head->path);
}

/* Health checks reveal nothing, and proxies use any host name. */
static bool is_under_foreign_name(const struct socket *socket,
                                  const struct request_head *head)
{
    return !auth_host_is_allowed(socket->reactor->net->auth,
                                 head->fields[FIELD_HOST]) &&
           !bytes_equal(head->path, BYTES_LITERAL("/health")) &&
           !bytes_equal(head->path, BYTES_LITERAL("/ready"));
}

static void act(struct socket *socket, const struct request_head *head)
{
    struct bytes rest;
    const struct endpoint *endpoint =
        protocol_endpoint(socket->reactor->net->protocols, head->path, &rest);
    socket_move(socket, &socket->reactor->kept);
    if (endpoint && endpoint->kind == ENDPOINT_EVENT_STREAM) {
        serve_stream(socket, head);
    } else if (endpoint && endpoint->kind == ENDPOINT_REQUEST) {
        if (client_request_begin(socket, head))
            handshake_judge(socket, head);
    } else if (asks_for_websocket(head)) {
        if (request_has_body(head))
            http_refuse_malformed(socket, 400,
                                  "An upgrade request must not have a body");
        else
            handshake_judge(socket, head);
    } else if (endpoint) {
        http_refuse(socket, 426, "Upgrade: websocket\r\n",
                    "Upgrade to WebSocket required");
    } else if (bytes_equal(head->path, BYTES_LITERAL("*"))) {
        serve_asterisk(socket, head);
    } else if (is_turned_away(socket, head)) {
        http_refuse(socket, 503, "Retry-After: 5\r\n", "Full");
    } else if (is_under_foreign_name(socket, head)) {
        http_refuse_host(socket, head->path);
    } else {
        serve(socket, head);
    }
}

/* ---- reading ------------------------------------------------------------- */

/* Usually the whole head arrives at once, so no state is kept. */
static struct request_reader *reader_of(struct socket *socket)
{
    struct request_reader *reader = socket_peek(socket)->head;
    if (reader)
        return reader;
    reader = &socket->reactor->request_reader;
    request_reader_begin(
        reader, socket->reactor->net->instance->options->limits.head_bytes);
    return reader;
}

static void remember(struct socket *socket, const struct request_reader *reader)
{
    struct socket_extra *extra = socket_extra(socket);
    if (extra->head)
        return;
    extra->head = memory_new(1, sizeof *extra->head);
    *extra->head = *reader;
    socket_move(socket, &socket->reactor->fresh);
}

static void forget(struct socket *socket)
{
    if (!socket_peek(socket)->head)
        return;
    free(socket->extra->head);
    socket->extra->head = NULL;
}

static size_t read_head(struct socket *socket, struct bytes data)
{
    struct request_reader *reader = reader_of(socket);
    struct buffer *joined = &socket->reactor->joined;
    struct request_head head;
    size_t taken = data.len;
    switch (request_reader_read(reader, data)) {
    case REQUEST_MORE:
        remember(socket, reader);
        return 0;
    case REQUEST_BAD:
        http_refuse_malformed(socket, reader->fault.status, reader->fault.why);
        break;
    case REQUEST_WHOLE:
        taken = reader->at;
        request_reader_head(reader, data, joined, &head);
        forget(socket);
        act(socket, &head);
        break;
    }
    return taken;
}

/* The answer to one request is sent before the next is read. */
size_t http_read(struct socket *socket, char *data, size_t len)
{
    struct bytes bytes = {data, len};
    if (socket->stream.end != STREAM_OPEN)
        return len;
    if (socket_peek(socket)->exchange)
        return exchange_read(socket, bytes);
    if (!stream_is_blocked(socket))
        return read_head(socket, bytes);
    stream_pause(socket); /* until http_on_writable */
    return 0;
}

void http_on_writable(struct socket *socket)
{
    const struct socket_extra *extra = socket_peek(socket);
    bool is_asking = extra->exchange && extra->exchange->is_asking;
    if (is_asking)
        exchange_go_on(socket);
    else if (!extra->admission)
        stream_release(socket);
}

void http_give_up(struct socket *socket)
{
    bool is_asked = socket_peek(socket)->head || exchange_wants_body(socket) ||
                    client_request_wants_body(socket);
    if (!is_asked || socket->stream.end != STREAM_OPEN) {
        socket_close(socket);
        return;
    }
    forget(socket);
    http_refuse_malformed(socket, 408, "The request took too long");
    exchange_free(socket);
    socket_move(socket, &socket->reactor->lingering);
}
