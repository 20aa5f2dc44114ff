#include "net/response.h"

#include <libwebsockets.h>

#include "net/reactor.h"

/* For pages, and harmless elsewhere: nothing inline, nothing foreign, no
 * framing, no guessing of types. */
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
    if (has_body(response))
        buffer_append_format(out, "Content-Length: %zu\r\n",
                             response->body.len);
    buffer_append_text(out, security);
    buffer_append(out, response->headers);
    buffer_append_text(out, response->keep_open
                                ? "Connection: keep-alive\r\n\r\n"
                                : "Connection: close\r\n\r\n");
}

bool response_write(struct socket *socket, const struct response *response)
{
    struct buffer out = {0};
    append_head(&out, response);
    if (has_body(response) && !response->head_only)
        buffer_append(&out, response->body);
    int written = lws_write(socket->wsi, (unsigned char *)out.data, out.len,
                            LWS_WRITE_RAW);
    buffer_deinit(&out);
    return written >= 0;
}

bool response_write_json(struct socket *socket, int status,
                         const char *headers, struct bytes body)
{
    const struct response response = {
        .status = status,
        .content_type = "application/json",
        .headers = bytes_of(headers),
        .body = body,
    };
    return response_write(socket, &response);
}

bool response_write_api(struct socket *socket,
                        const struct api_response *found, bool head_only,
                        bool keep_open)
{
    metrics_add(&socket->reactor->worker.metrics, METRIC_HTTP_REQUESTS, 1);
    const struct response response = {
        .status = found->status,
        .content_type = found->content_type,
        .headers = buffer_bytes(&found->headers),
        .body = found->body,
        .head_only = head_only,
        .keep_open = keep_open,
    };
    return response_write(socket, &response);
}

bool response_write_continue(struct socket *socket)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    return lws_write(socket->wsi, (unsigned char *)text, sizeof text - 1,
                     LWS_WRITE_RAW) >= 0;
}
