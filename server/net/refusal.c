#include "net/refusal.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "net/handshake.h"
#include "net/reactor.h"
#include "net/response.h"

static const char *extra_header(int status)
{
    switch (status) {
    case 401:
        return "WWW-Authenticate: Bearer\r\n";
    case 405:
        return "Allow: GET\r\n";
    case 426:
        return "Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\n";
    case 429:
    case 503:
        return "Retry-After: 5\r\n";
    default:
        return "";
    }
}

void refusal_write(struct socket *socket, const struct refusal *refusal)
{
    struct buffer body = {0};
    buffer_append_text(&body, "{\"error\":");
    buffer_append_json_string(&body, bytes_of(refusal->error));
    if (refusal->reason && socket->reactor->net->options.explain_refusals) {
        buffer_append_text(&body, ",\"reason\":");
        buffer_append_json_string(&body, bytes_of(refusal->reason));
    }
    buffer_append_char(&body, '}');
    response_write_json(socket, refusal->status, extra_header(refusal->status),
                        buffer_bytes(&body));
    buffer_deinit(&body);
}

/* A browser shows a page nothing of a refused handshake: so, where asked for,
 * the upgrade is granted and closed at once with the reason. */
bool refusal_explain(struct socket *socket, const struct refusal *refusal)
{
    if (!socket->reactor->net->options.explain_refusals ||
        refusal->close == CLOSE_NONE)
        return false;
    const char *reason = refusal->reason ? refusal->reason : refusal->error;
    size_t size = strlen(reason) + 1;
    struct opening *opening = memory_new(1, sizeof *opening + size);
    opening->protocol = refusal->protocol;
    opening->refusal = refusal->close;
    opening->reason = memcpy(opening->text, reason, size);
    socket->opening = opening;
    return true;
}

void refusal_count(struct socket *socket, const struct refusal *refusal)
{
    struct reactor *reactor = socket->reactor;
    metrics_add(&reactor->worker.metrics, METRIC_HANDSHAKES_REFUSED, 1);
    if (refusal->status == 401 || refusal->status == 403)
        refusals_add(reactor->net->instance, ip_count_address(socket->ip));
}

bool refusal_give(struct socket *socket, const struct refusal *refusal)
{
    refusal_count(socket, refusal);
    if (refusal_explain(socket, refusal))
        return true;
    refusal_write(socket, refusal);
    return false;
}
