#include "net/http.h"

#include <strings.h>

#include "base/json.h"
#include "net/body_guard.h"
#include "net/client_address.h"
#include "net/dashboard_access.h"
#include "net/exchange.h"
#include "net/headers.h"
#include "net/keep_alive.h"
#include "net/reactor.h"
#include "net/response.h"

static bool has_header(struct socket *socket, enum lws_token_indexes token)
{
    return lws_hdr_total_length(socket->wsi, token) > 0;
}

/* By its method, whether it has one or not. */
static bool wants_body(struct socket *socket)
{
    return has_header(socket, WSI_TOKEN_POST_URI) ||
           has_header(socket, WSI_TOKEN_PUT_URI) ||
           has_header(socket, WSI_TOKEN_PATCH_URI);
}

static bool has_body(struct socket *socket)
{
    return has_header(socket, WSI_TOKEN_HTTP_CONTENT_LENGTH) ||
           has_header(socket, WSI_TOKEN_HTTP_TRANSFER_ENCODING) ||
           wants_body(socket);
}

int http_on_request(struct socket *socket)
{
    socket->requests++;
    socket_move(socket, &socket->reactor->kept);
    if (socket->requests == 1 || !has_body(socket) || body_guard_works())
        return 0;
    /* libwebsockets would hang: see body_guard.c */
    response_write_json(
        socket, 400, "",
        BYTES_LITERAL("{\"error\":\"A request with a body needs a connection "
                      "of its own\"}"));
    return -1;
}

/* Whether the client lets the connection be used again (RFC 9112 section
 * 9.3). */
static bool wants_keep_alive(struct headers *headers)
{
    struct bytes version = headers_get(headers, WSI_TOKEN_HTTP);
    struct bytes connection = headers_get(headers, WSI_TOKEN_CONNECTION);
    if (!bytes_equal(version, BYTES_LITERAL("HTTP/1.1")))
        return false;
    return !connection.len || strcasecmp(connection.data, "keep-alive") == 0;
}

static struct api_request read_request(const struct socket *socket,
                                       struct headers *headers)
{
    struct api_request request = {0};
    request.method = headers_method(headers, &request.path);
    request.host = headers_get(headers, WSI_TOKEN_HOST);
    request.origin = headers_get(headers, WSI_TOKEN_ORIGIN);
    request.if_none_match = headers_get(headers, WSI_TOKEN_HTTP_IF_NONE_MATCH);
    if (api_is_dashboard(request.path)) {
        const struct ip_address client = client_address(socket, headers);
        request.sees_dashboard = dashboard_access_is_given(
            socket, ip_count_address(socket->ip), &client, headers);
    }
    if (!api_is_for_backends(request.path))
        return request;
    request.client = client_address(socket, headers);
    request.authorization =
        headers_get(headers, WSI_TOKEN_HTTP_AUTHORIZATION);
    request.content_type = headers_get(headers, WSI_TOKEN_HTTP_CONTENT_TYPE);
    request.limit = headers_query(headers, "limit", 0);
    /* of several none is to be believed */
    if (input_has_one_trace(lws_get_opaque_user_data(headers->wsi)))
        request.trace = headers_get_other(headers, "traceparent:");
    return request;
}

/* Several equal ones libwebsockets joins, and that is no number. */
static bool read_length(struct headers *headers, struct api_request *request)
{
    struct bytes text = headers_get(headers, WSI_TOKEN_HTTP_CONTENT_LENGTH);
    request->has_length = text.len > 0;
    return !text.len || (json_decode_uint(text, &request->body_len) &&
                         request->body_len <= INT64_MAX);
}

static bool is_head(const struct api_request *request)
{
    return bytes_equal(request->method, BYTES_LITERAL("HEAD"));
}

/* Pages and the like: what has a body is answered, and the connection ends. */
static int answer_page(struct socket *socket, const struct api_request *request,
                       bool keep_open)
{
    struct reactor *reactor = socket->reactor;
    struct api_response found = {0};
    api_serve(reactor->net->api, &reactor->worker, request, &found);
    bool written =
        response_write_api(socket, &found, is_head(request), keep_open);
    api_response_deinit(&found);
    if (!written || !keep_open)
        return -1;
    return keep_alive(socket->wsi) ? 0 : -1;
}

/* libwebsockets tells the end of a body that is announced, and of an empty one
 * of a POST. */
static int await_body(struct socket *socket, struct headers *headers,
                      const struct api_request *request)
{
    struct bytes expect = headers_get(headers, WSI_TOKEN_HTTP_EXPECT);
    bool is_announced = request->body_len || request->is_chunked;
    if (is_announced)
        body_guard_expect_body();
    if (is_announced && socket->exchange->call && expect.len &&
        strcasecmp(expect.data, "100-continue") == 0 &&
        !response_write_continue(socket))
        return -1;
    return 0;
}

static int serve_backend(struct socket *socket, struct headers *headers,
                         const struct api_request *request, bool keep_open)
{
    struct reactor *reactor = socket->reactor;
    struct api_response found = {0};
    struct api_call *call =
        api_serve(reactor->net->api, &reactor->worker, request, &found);
    /* without one libwebsockets would wait for 100 MB */
    bool needs_length = wants_body(socket) && !request->has_length &&
                        !request->is_chunked;
    bool has_rest = request->body_len > 0 ||
                    has_header(socket, WSI_TOKEN_POST_URI);
    /* of a body in chunks libwebsockets believes that it goes on */
    if (needs_length || request->is_chunked ||
        (!call && request->body_len > EXCHANGE_DISCARD_MAX))
        keep_open = false;
    if (!call && !response_write_api(socket, &found, is_head(request),
                                     keep_open))
        keep_open = has_rest = false;
    api_response_deinit(&found);
    if (!call && (needs_length || !has_rest))
        return keep_open && keep_alive(socket->wsi) ? 0 : -1;
    struct exchange *exchange = exchange_begin(socket, call);
    exchange->keep_open = keep_open;
    exchange->head_only = is_head(request);
    exchange->is_chunked = request->is_chunked;
    if (has_rest)
        return await_body(socket, headers, request);
    exchange_run(socket);
    return 0;
}

static int refuse(struct socket *socket, int status, const char *headers,
                  struct bytes body)
{
    response_write_json(socket, status, headers, body);
    return -1;
}

/* Of any other request libwebsockets would take what comes in chunks for the
 * next one. */
static bool takes_chunks(struct socket *socket, struct api_request *request)
{
    request->is_chunked = input_is_chunked(socket) &&
                          api_is_for_backends(request->path) &&
                          has_header(socket, WSI_TOKEN_POST_URI);
    return request->is_chunked;
}

int http_on_action(struct socket *socket)
{
    struct headers headers = headers_of(socket->reactor, socket->wsi);
    struct api_request request = read_request(socket, &headers);
    if (has_header(socket, WSI_TOKEN_HTTP_TRANSFER_ENCODING) &&
        !takes_chunks(socket, &request))
        return refuse(socket, 501, "",
                      BYTES_LITERAL("{\"error\":\"Transfer-Encoding must be "
                                    "chunked, and for a POST of the API\"}"));
    if (!read_length(&headers, &request))
        return refuse(socket, 400, "",
                      BYTES_LITERAL("{\"error\":\"Bad Content-Length\"}"));
    /* who asks for the WebSocket without upgrading made a mistake that
     * deserves more than 404 */
    if (bytes_start_with(request.path, BYTES_LITERAL("/ws/")))
        return refuse(
            socket, 426, "Upgrade: websocket\r\n",
            BYTES_LITERAL("{\"error\":\"Upgrade to WebSocket required\"}"));
    bool keep_open =
        wants_keep_alive(&headers) && !socket->reactor->net->is_draining;
    if (api_is_for_backends(request.path))
        return serve_backend(socket, &headers, &request, keep_open);
    return answer_page(socket, &request, keep_open && !has_body(socket));
}

int http_on_unknown_upgrade(struct socket *socket)
{
    socket_move(socket, &socket->reactor->kept);
    struct headers headers = headers_of(socket->reactor, socket->wsi);
    struct api_request request = read_request(socket, &headers);
    if (api_is_for_backends(request.path))
        return refuse(
            socket, 400, "",
            BYTES_LITERAL("{\"error\":\"The API has no other protocols\"}"));
    answer_page(socket, &request, false);
    return -1;
}
