#include "net/http.h"

#include <strings.h>

#include "net/headers.h"
#include "net/reactor.h"
#include "net/response.h"

static bool has_header(struct socket *socket, enum lws_token_indexes token)
{
    return lws_hdr_total_length(socket->wsi, token) > 0;
}

static bool has_body(struct socket *socket)
{
    return has_header(socket, WSI_TOKEN_HTTP_CONTENT_LENGTH) ||
           has_header(socket, WSI_TOKEN_HTTP_TRANSFER_ENCODING) ||
           has_header(socket, WSI_TOKEN_POST_URI) ||
           has_header(socket, WSI_TOKEN_PUT_URI) ||
           has_header(socket, WSI_TOKEN_PATCH_URI);
}

int http_on_request(struct socket *socket)
{
    socket->requests++;
    socket_move(socket, &socket->reactor->kept);
    if (socket->requests == 1 || !has_body(socket))
        return 0;
    /* libwebsockets 4.1 and 4.3 read a pipelined request's body from the very
     * segment that holds its headers, for ever */
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

static struct api_request read_request(struct headers *headers)
{
    struct api_request request = {0};
    request.method = headers_method(headers, &request.path);
    request.host = headers_get(headers, WSI_TOKEN_HOST);
    request.origin = headers_get(headers, WSI_TOKEN_ORIGIN);
    request.if_none_match = headers_get(headers, WSI_TOKEN_HTTP_IF_NONE_MATCH);
    return request;
}

static bool answer(struct socket *socket, const struct api_request *request,
                   bool keep_open)
{
    struct reactor *reactor = socket->reactor;
    struct api_response found = {0};
    api_serve(reactor->net->api, request, &found);
    metrics_add(&reactor->worker.metrics, METRIC_HTTP_REQUESTS, 1);
    bool written = response_write(
        socket,
        &(struct response){
            .status = found.status,
            .content_type = found.content_type,
            .headers = buffer_bytes(&found.headers),
            .body = found.body,
            .head_only = bytes_equal(request->method, BYTES_LITERAL("HEAD")),
            .keep_open = keep_open,
        });
    api_response_deinit(&found);
    return written && keep_open;
}

int http_on_action(struct socket *socket)
{
    if (has_header(socket, WSI_TOKEN_HTTP_TRANSFER_ENCODING)) {
        response_write_json(
            socket, 501, "",
            BYTES_LITERAL(
                "{\"error\":\"Transfer-Encoding is not supported\"}"));
        return -1;
    }
    struct headers headers = headers_of(socket->reactor, socket->wsi);
    struct api_request request = read_request(&headers);
    /* who asks for the WebSocket without upgrading made a mistake that
     * deserves more than 404 */
    if (bytes_start_with(request.path, BYTES_LITERAL("/ws/"))) {
        response_write_json(
            socket, 426, "Upgrade: websocket\r\n",
            BYTES_LITERAL("{\"error\":\"Upgrade to WebSocket required\"}"));
        return -1;
    }
    bool keep_open = !has_body(socket) && wants_keep_alive(&headers) &&
                     !socket->reactor->net->is_draining;
    if (!answer(socket, &request, keep_open))
        return -1;
    return lws_http_transaction_completed(socket->wsi) ? -1 : 0;
}

int http_on_unknown_upgrade(struct socket *socket)
{
    socket_move(socket, &socket->reactor->kept);
    struct headers headers = headers_of(socket->reactor, socket->wsi);
    struct api_request request = read_request(&headers);
    answer(socket, &request, false);
    return -1;
}
