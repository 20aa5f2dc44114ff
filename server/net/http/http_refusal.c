#include "net/http/http_refusal.h"

#include "api/api.h"
#include "base/log.h"
#include "net/http/response.h"
#include "net/reactor.h"

static void count(struct socket *socket, enum metric metric)
{
    metrics_add(&socket->reactor->worker.metrics, metric, 1);
}

void http_refuse(struct socket *socket, int status, const char *headers,
                 const char *why)
{
    struct buffer body = {0};
    buffer_append_text(&body, "{\"error\":");
    buffer_append_json_string(&body, bytes_of(why));
    buffer_append_char(&body, '}');
    count(socket, METRIC_HTTP_REQUESTS);
    response_write_json(socket, status, headers, buffer_bytes(&body));
    buffer_deinit(&body);
    /* a guest's descriptor is needed immediately */
    stream_end(socket, socket->is_guest ? STREAM_CLOSE : STREAM_LINGER);
}

static enum metric malformed_metric(int status)
{
    switch (status) {
    case 408:
        return METRIC_HTTP_MALFORMED_408;
    case 414:
        return METRIC_HTTP_MALFORMED_414;
    case 431:
        return METRIC_HTTP_MALFORMED_431;
    case 501:
        return METRIC_HTTP_MALFORMED_501;
    case 505:
        return METRIC_HTTP_MALFORMED_505;
    default:
        return METRIC_HTTP_MALFORMED_400;
    }
}

static void log_refusal(const struct socket *socket, int status,
                        const char *reason)
{
    char address[IP_ADDRESS_TEXT];
    ip_address_print(ip_count_address(socket->ip), address);
    log_limited(LOG_INFO, 5, "Request refused", LOG_NUMBER("status", status),
                LOG_TEXT("reason", reason), LOG_TEXT("address", address));
}

void http_refuse_malformed(struct socket *socket, int status, const char *why)
{
    count(socket, malformed_metric(status));
    log_refusal(socket, status, why);
    http_refuse(socket, status, "", why);
}

void http_refuse_host(struct socket *socket, struct bytes path)
{
    const struct refusal_reason_info *info = refusal_reason_info(REFUSAL_HOST);
    if (api_is_for_backends(socket->reactor->net->api, path))
        metrics_count_refusal(&socket->reactor->worker.metrics,
                              REFUSED_API_REQUEST, REFUSAL_HOST);
    log_refusal(socket, info->status, info->error);
    http_refuse(socket, info->status, "", info->error);
}
