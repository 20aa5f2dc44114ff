#include "net/http/response.h"

#include "net/reactor.h"

/* For pages, harmless elsewhere: no inline or foreign content, no framing, no
 * type sniffing. */
static const char security[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; "
    "style-src 'self'; img-src 'self' data:; connect-src 'self' ws: wss:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n";

static bool has_body(const struct response *response)
{
    return response->status != 204 && response->status != 304;
}

static void append_head(struct buffer *out, const struct response *response)
{
    buffer_append_format(out, "HTTP/1.1 %d %s\r\n", response->status,
                         api_status_text(response->status));
    buffer_append_text(out, "Server: peal\r\n");
    if (response->content_type)
        buffer_append_format(out, "Content-Type: %s\r\n",
                             response->content_type);
    if (response->is_chunked)
        buffer_append_text(out, "Transfer-Encoding: chunked\r\n");
    else if (has_body(response) && !response->is_endless)
        buffer_append_format(out, "Content-Length: %zu\r\n",
                             response->body.len);
    buffer_append_text(out, security);
    buffer_append(out, response->headers);
    buffer_append_text(out, response->keep_open
                                ? "Connection: keep-alive\r\n\r\n"
                                : "Connection: close\r\n\r\n");
}

/* RFC 9112 section 7.1. */
static void append_chunk(struct buffer *out, struct bytes body)
{
    buffer_append_format(out, "%zx\r\n", body.len);
    buffer_append(out, body);
    buffer_append_text(out, "\r\n");
}

bool response_write(struct socket *socket, const struct response *response)
{
    struct buffer *out = &socket->reactor->response;
    buffer_clear(out);
    append_head(out, response);
    if (response->is_chunked && !response->head_only)
        append_chunk(out, response->body);
    else if (has_body(response) && !response->head_only)
        buffer_append(out, response->body);
    return stream_write_soon(socket, buffer_bytes(out));
}

bool response_write_more(struct socket *socket, struct bytes body, bool is_last,
                         bool is_chunked)
{
    struct buffer *out = &socket->reactor->response;
    buffer_clear(out);
    if (!is_chunked)
        buffer_append(out, body);
    else if (body.len)
        append_chunk(out, body);
    if (is_chunked && is_last)
        buffer_append_text(out, "0\r\n\r\n");
    return stream_write(socket, buffer_bytes(out));
}

bool response_write_json(struct socket *socket, int status, const char *headers,
                         struct bytes body)
{
    const struct response response = {
        .status = status,
        .content_type = "application/json",
        .headers = bytes_of(headers),
        .body = body,
    };
    return response_write(socket, &response);
}

bool response_write_api(struct socket *socket, const struct api_response *found,
                        const struct response *framing)
{
    struct response response = *framing;
    metrics_add(&socket->reactor->worker.metrics, METRIC_HTTP_REQUESTS, 1);
    response.status = found->status;
    response.content_type = found->content_type;
    response.headers = buffer_bytes(&found->headers);
    response.body = found->body;
    return response_write(socket, &response);
}

bool response_write_continue(struct socket *socket)
{
    return stream_write(socket, BYTES_LITERAL("HTTP/1.1 100 Continue\r\n\r\n"));
}
