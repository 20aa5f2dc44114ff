#include "net/websocket/refusal.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/memory.h"
#include "messaging/refusal_log.h"
#include "messaging/refusals.h"
#include "net/http/client_cors.h"
#include "net/http/response.h"
#include "net/reactor.h"
#include "net/websocket/opening.h"
#include "net/websocket/websocket.h"

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

static int status_of(const struct refusal *refusal)
{
    return refusal->status ? refusal->status
                           : refusal_reason_info(refusal->why)->status;
}

static const char *error_of(const struct refusal *refusal)
{
    return refusal->error ? refusal->error
                          : refusal_reason_info(refusal->why)->error;
}

/* A close code tells a client whether to reconnect: of the application's
 * statuses, only 401 and 403 have one. */
static enum close_reason close_of(const struct refusal *refusal)
{
    switch (refusal->status) {
    case 0:
        return refusal_reason_info(refusal->why)->close;
    case 401:
        return CLOSE_TOKEN_INVALID;
    case 403:
        return CLOSE_FORBIDDEN;
    default:
        return CLOSE_NONE;
    }
}

/* An invalid id may be explained: its sender knows it. */
static bool is_explained(const struct socket *socket,
                         const struct refusal *refusal)
{
    return socket->reactor->net->options.explain_refusals ||
           refusal->why == REFUSAL_CLIENT_ID;
}

/* `cors`: header lines, or NULL. */
static void write_response(struct socket *socket, const struct refusal *refusal,
                           const char *cors)
{
    struct buffer body = {0};
    struct buffer headers = {0};
    int status = status_of(refusal);
    buffer_append_text(&headers, extra_header(status));
    buffer_append_text(&headers, cors ? cors : "");
    buffer_append_text(&body, "{\"error\":");
    buffer_append_json_string(&body, bytes_of(error_of(refusal)));
    if (refusal->reason && is_explained(socket, refusal)) {
        buffer_append_text(&body, ",\"reason\":");
        buffer_append_json_string(&body, bytes_of(refusal->reason));
    }
    buffer_append_char(&body, '}');
    /* a waiting socket is in no list; now wait until it has read */
    socket_move(socket, &socket->reactor->kept);
    response_write_json(socket, status, buffer_text(&headers),
                        buffer_bytes(&body));
    buffer_deinit(&headers);
    buffer_deinit(&body);
    /* a body may still arrive, but a guest's descriptor is needed now */
    stream_end(socket, socket_peek(socket)->request && !socket->is_guest
                           ? STREAM_LINGER
                           : STREAM_CLOSE);
}

/* Browsers do not expose a refused handshake to the page. So, if configured,
 * the upgrade is accepted and immediately closed with the reason. */
static bool can_explain(const struct socket *socket,
                        const struct refusal *refusal)
{
    return socket->reactor->net->options.explain_refusals &&
           close_of(refusal) != CLOSE_NONE;
}

static void explain(struct socket *socket, const struct refusal *refusal,
                    struct opening *opening)
{
    const char *reason = refusal->reason ? refusal->reason : error_of(refusal);
    size_t size = strlen(reason) + 1;
    opening = memory_resize(opening, 1, sizeof *opening + size);
    opening->protocol = refusal->protocol;
    opening->names_protocol &= refusal->protocol != NULL;
    opening->refusal = close_of(refusal);
    opening->reason = memcpy(opening->text, reason, size);
    socket_extra(socket)->opening = opening;
    websocket_accept(socket);
}

static bool is_within_limit(const struct socket *socket,
                            const struct refusal *refusal)
{
    int status = status_of(refusal);
    bool is_asked = refusal->why == REFUSAL_APPLICATION;
    return (status != 401 && status != 403) ||
           refusals_take(socket->reactor->net->instance,
                         is_asked ? REFUSER_APPLICATION : REFUSER_PEAL,
                         ip_count_address(socket->ip));
}

/* The refusal to send: beyond the limit, only that. */
static struct refusal limit(struct socket *socket,
                            const struct refusal *refusal)
{
    if (refusal->why != REFUSAL_RATE && is_within_limit(socket, refusal))
        return *refusal;
    metrics_add(&socket->reactor->worker.metrics, METRIC_LIMIT_REFUSALS, 1);
    return (struct refusal){.why = REFUSAL_RATE,
                            .client_id = refusal->client_id};
}

/* The client id of the handshake, verified or not. Never the token. */
/* A token sent by mistake as client id must not be logged. */
static const char *client_of(const struct refusal *refusal)
{
    const char *client = refusal->client_id ? refusal->client_id : "";
    bool is_token = strncmp(client, "eyJ", 3) == 0 && strchr(client, '.');
    return is_token ? "(a token)" : client;
}

static const char *detail_of(const struct refusal *refusal)
{
    return refusal->reason ? refusal->reason : error_of(refusal);
}

static void log_refusal(const struct socket *socket,
                        const struct refusal *refusal)
{
    char address[IP_ADDRESS_TEXT];
    ip_address_print(ip_count_address(socket->ip), address);
    log_limited(LOG_INFO, 5, "Handshake refused", LOG_TEXT("address", address),
                LOG_TEXT("client", client_of(refusal)),
                LOG_TEXT("reason", refusal_reason_info(refusal->why)->name),
                LOG_TEXT("detail", detail_of(refusal)),
                LOG_NUMBER("status", status_of(refusal)));
}

static void note(struct socket *socket, const struct refusal *refusal)
{
    metrics_count_refusal(&socket->reactor->worker.metrics, REFUSED_HANDSHAKE,
                          refusal->why);
    log_refusal(socket, refusal);
    refusal_log_note(socket->reactor->net->instance->refusal_log,
                     &(struct refusal_entry){
                         .kind = REFUSED_HANDSHAKE,
                         .reason = refusal->why,
                         .status = status_of(refusal),
                         .address = *ip_count_address(socket->ip),
                         .client = bytes_of(client_of(refusal)),
                         .detail = bytes_of(detail_of(refusal)),
                     });
}

void refusal_give(struct socket *socket, const struct refusal *wanted,
                  const struct request_head *head)
{
    const struct refusal refusal = limit(socket, wanted);
    char *cors = client_cors(socket, head);
    note(socket, &refusal);
    if (can_explain(socket, &refusal) && !cors)
        explain(socket, &refusal, opening_new(head, 0));
    else
        write_response(socket, &refusal, cors);
    free(cors);
}

void refusal_give_late(struct socket *socket, const struct refusal *wanted)
{
    const struct refusal refusal = limit(socket, wanted);
    struct opening *opening = socket_peek(socket)->opening;
    note(socket, &refusal);
    socket->extra->opening = NULL;
    if (can_explain(socket, &refusal) && !opening->cors) {
        explain(socket, &refusal, opening);
        return;
    }
    write_response(socket, &refusal, opening->cors);
    opening_free(opening);
}
