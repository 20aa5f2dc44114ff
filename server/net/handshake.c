#include "net/handshake.h"

#include <stdlib.h>
#include <string.h>

#include "base/loop.h"
#include "base/memory.h"
#include "messaging/channel.h"
#include "messaging/tickets.h"
#include "net/client_address.h"
#include "net/dashboard_access.h"
#include "net/headers.h"
#include "net/held_response.h"
#include "net/reactor.h"
#include "net/response.h"
#include "net/tls.h"
#include "net/websocket.h"

/* Why a handshake is refused. */
struct refusal {
    int status;
    const char *error;
    const char *reason;      /* NULL: the error says all */
    enum close_reason close; /* CLOSE_NONE: cannot be explained */
    const char *protocol;    /* chosen, where it can be explained */
};

void opening_free(struct opening *opening)
{
    if (!opening)
        return;
    free(opening->channels);
    free(opening);
}

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

static void write_refusal(struct socket *socket, const struct refusal *refusal)
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
static bool explain(struct socket *socket, const struct refusal *refusal)
{
    if (!socket->reactor->net->options.explain_refusals ||
        refusal->close == CLOSE_NONE)
        return false;
    socket->opening = memory_new(1, sizeof *socket->opening);
    socket->opening->protocol = refusal->protocol;
    socket->opening->refusal = refusal->close;
    socket->opening->reason =
        refusal->reason ? refusal->reason : refusal->error;
    return true;
}

static bool refuse(struct socket *socket, const struct refusal *refusal)
{
    metrics_add(&socket->reactor->worker.metrics, METRIC_HANDSHAKES_REFUSED, 1);
    if (explain(socket, refusal))
        return true;
    write_refusal(socket, refusal);
    return false;
}

static void count_limit(struct socket *socket, enum metric metric)
{
    metrics_add(&socket->reactor->worker.metrics, metric, 1);
}

/* Judged before any token is looked at: these refusals must be cheap. */
static bool has_room(struct socket *socket, struct refusal *refusal)
{
    struct net *net = socket->reactor->net;
    const struct limits *limits = &net->instance->options->limits;
    if (net->is_draining && !net->has_successor) {
        *refusal = (struct refusal){503, "Draining", NULL, CLOSE_NONE, NULL};
        return false;
    }
    if (limits->connections_per_ip &&
        ip_count_sockets(socket->ip) > limits->connections_per_ip) {
        count_limit(socket, METRIC_LIMIT_IP);
        *refusal = (struct refusal){429, "Too many connections", NULL,
                                    CLOSE_NONE, NULL};
        return false;
    }
    if (net->connections >= limits->connections) {
        count_limit(socket, METRIC_LIMIT_CONNECTIONS);
        *refusal = (struct refusal){503, "Full", NULL, CLOSE_NONE, NULL};
        return false;
    }
    return true;
}

/* libwebsockets reads a + in the path as a blank, as if it were a form's. Where
 * there are true ones, all stay: no client id has a blank. */
static void restore_plus(struct bytes path)
{
    char *text = (char *)path.data; /* the copy in the arena */
    for (size_t i = 0; i < path.len; i++)
        if (text[i] == ' ')
            text[i] = '+';
}

static void read_handshake(const struct socket *socket, struct headers *headers,
                           struct handshake *out)
{
    *out = (struct handshake){0};
    out->method = headers_method(headers, &out->path);
    if (!input_has_blank(socket))
        restore_plus(out->path);
    out->version = headers_get(headers, WSI_TOKEN_VERSION);
    out->key = headers_get(headers, WSI_TOKEN_KEY);
    out->host = headers_get(headers, WSI_TOKEN_HOST);
    out->origin = headers_get(headers, WSI_TOKEN_ORIGIN);
    out->authorization = headers_get(headers, WSI_TOKEN_HTTP_AUTHORIZATION);
    out->cookie = headers_get(headers, WSI_TOKEN_HTTP_COOKIE);
    out->subprotocols = headers_get(headers, WSI_TOKEN_PROTOCOL);
    out->query_protocol = headers_query(headers, "protocol", 0);
    out->query_token = headers_query(headers, "token", 0);
    out->query_ticket = headers_query(headers, "ticket", 0);
}

/* The channels named in the URL: none means the default one, and an empty
 * name none at all. */
static void read_channels(struct socket *socket, struct headers *headers)
{
    const struct net *net = socket->reactor->net;
    size_t max = net->instance->options->limits.channels_per_connection;
    struct bytes *channels = NULL;
    size_t count = 0;
    size_t text_len = 0;
    struct bytes name = headers_query(headers, "channel", 0);
    if (!name.data)
        name = bytes_of(net->options.default_channel);
    for (size_t i = 1; name.data && count < max; i++) {
        if (name.len) {
            channels = memory_resize(channels, count + 1, sizeof *channels);
            channels[count++] = name;
            text_len += name.len;
        }
        name = headers_query(headers, "channel", i);
    }
    struct opening *opening = memory_new(1, sizeof *opening + text_len);
    char *at = opening->text;
    for (size_t i = 0; i < count; i++) {
        memcpy(at, channels[i].data, channels[i].len);
        channels[i].data = at;
        at += channels[i].len;
    }
    opening->channels = channels;
    opening->channel_count = count;
    socket->opening = opening;
}

/* False: it has too many. Takes the verdict's identity. */
static bool connect_client(struct socket *socket,
                           const struct verdict *verdict)
{
    struct reactor *reactor = socket->reactor;
    const struct protocol *protocol =
        protocol_find(reactor->net->protocols, verdict->protocol);
    PANIC_IF(!protocol); /* auth chose it out of the same table */
    socket->connection =
        connection_new(&reactor->worker, protocol, &websocket_transport, socket,
                       verdict->client_id, verdict->identity);
    if (socket->connection)
        return true;
    caps_unref(verdict->identity.caps);
    count_limit(socket, METRIC_LIMIT_CLIENT);
    return false;
}

static const struct refusal too_many = {429, "Too many connections", NULL,
                                        CLOSE_NONE, NULL};

/* It counts from here on, and its channels are known. */
static void expect_open(struct socket *socket, const struct verdict *verdict,
                        struct headers *headers)
{
    socket->is_counted = true;
    socket->reactor->net->connections++;
    read_channels(socket, headers);
    socket->opening->protocol = verdict->protocol;
}

static bool admit(struct socket *socket, const struct verdict *verdict,
                  struct headers *headers)
{
    if (!connect_client(socket, verdict))
        return refuse(socket, &too_many);
    expect_open(socket, verdict, headers);
    return true;
}

static struct refusal refusal_of(const struct verdict *verdict)
{
    /* libwebsockets accepts no handshake without a protocol it knows */
    bool explicable = verdict->status == 401 || verdict->status == 403;
    return (struct refusal){verdict->status, verdict->error, verdict->reason,
                            explicable ? verdict->close : CLOSE_NONE,
                            verdict->protocol};
}

/* ---- tickets: the bus says later whether one is good */

/* Outlives its socket, as the request of it does. */
struct admission {
    struct socket *socket; /* NULL: gone */
    struct verdict verdict;
};

void handshake_abandon(struct socket *socket)
{
    if (socket->admission)
        socket->admission->socket = NULL;
    socket->admission = NULL;
    held_response_drop(socket);
}

/* The client hears of the upgrade, and is read from again. */
static void let_go_on(struct socket *socket)
{
    struct reactor *reactor = socket->reactor;
    lws_rx_flow_control(socket->wsi, 1);
    loop_wake(reactor->loop); /* frames behind the handshake may be held */
    if (held_response_release(socket))
        websocket_on_open(socket);
    else
        socket_close(socket);
}

static void refuse_late(struct socket *socket, const struct refusal *refusal)
{
    metrics_add(&socket->reactor->worker.metrics, METRIC_HANDSHAKES_REFUSED, 1);
    opening_free(socket->opening);
    socket->opening = NULL;
    if (explain(socket, refusal)) {
        let_go_on(socket);
        return;
    }
    held_response_drop(socket);
    write_refusal(socket, refusal);
    socket_close(socket);
}

static void on_redeemed(struct worker *worker, struct request *request)
{
    struct admission *admission = request->call;
    struct socket *socket = admission->socket;
    struct verdict verdict = admission->verdict;
    free(admission);
    if (!socket)
        return;
    socket->admission = NULL;
    const struct refusal unavailable = {503, "Unavailable", NULL, CLOSE_NONE,
                                        NULL};
    if (request->fault != FAULT_NONE) {
        refuse_late(socket, &unavailable);
        return;
    }
    auth_judge_ticket(socket->reactor->net->auth, request->ticket, &verdict);
    const struct refusal refusal = refusal_of(&verdict);
    if (verdict.status != 101) {
        refuse_late(socket, &refusal);
    } else if (!connect_client(socket, &verdict)) {
        refuse_late(socket, &too_many);
    } else {
        metrics_add(&worker->metrics, METRIC_TICKETS_REDEEMED, 1);
        let_go_on(socket);
    }
}

/* Meanwhile libwebsockets upgrades, and nobody hears of it. */
static bool await_ticket(struct socket *socket, struct verdict *verdict,
                         struct bytes ticket, struct headers *headers)
{
    struct worker *worker = &socket->reactor->worker;
    if (!ticket_is_valid(ticket)) {
        auth_judge_ticket(socket->reactor->net->auth, NULL, verdict);
        const struct refusal refusal = refusal_of(verdict);
        return refuse(socket, &refusal);
    }
    struct admission *admission = memory_new(1, sizeof *admission);
    *admission = (struct admission){socket, *verdict};
    socket->admission = admission;
    expect_open(socket, verdict, headers);
    held_response_begin(socket);
    struct request *request =
        request_new(REQUEST_REDEEM, ticket, (struct bytes){0},
                    (struct bytes){0});
    request->done = on_redeemed;
    request->worker = worker;
    request->call = admission;
    bus_submit(worker->instance->bus, request);
    return true;
}

/* Who the client's certificate says it is, where that counts. */
static struct bytes certificate_name(const struct socket *socket,
                                     char name[CLIENT_ID_MAX])
{
    if (!tls_names_clients(socket->reactor->net->tls))
        return (struct bytes){0};
    size_t len =
        tls_client_name(lws_get_ssl(socket->wsi), name, CLIENT_ID_MAX);
    return (struct bytes){name, len};
}

/* A proxy's socket counts as the client's from here on. */
static void find_client(struct socket *socket, struct headers *headers)
{
    struct net *net = socket->reactor->net;
    struct ip_address client = client_address(socket, headers);
    if (memcmp(&client, ip_count_address(socket->ip), sizeof client) == 0)
        return;
    struct ip_count *count = ip_counts_enter(net->ip_counts, &client);
    ip_counts_leave(net->ip_counts, socket->ip);
    socket->ip = count;
}

static const struct refusal no_dashboard = {404, "Not found", NULL, CLOSE_NONE,
                                            NULL};

static bool is_hidden_dashboard(const struct socket *socket,
                                const struct ip_address *peer,
                                const struct verdict *verdict,
                                struct headers *headers)
{
    return verdict->protocol &&
           strcmp(verdict->protocol, PROTOCOL_DASHBOARD) == 0 &&
           !dashboard_access_is_given(
               socket, peer, ip_count_address(socket->ip), headers);
}

bool handshake_judge(struct socket *socket)
{
    char name[CLIENT_ID_MAX];
    struct refusal refusal;
    struct verdict verdict;
    struct handshake handshake;
    struct headers headers = headers_of(socket->reactor, socket->wsi);
    const struct ip_address peer = *ip_count_address(socket->ip);
    find_client(socket, &headers);
    if (!has_room(socket, &refusal))
        return refuse(socket, &refusal);
    read_handshake(socket, &headers, &handshake);
    handshake.certificate_name = certificate_name(socket, name);
    auth_judge(socket->reactor->net->auth, &handshake, &verdict);
    if (is_hidden_dashboard(socket, &peer, &verdict, &headers))
        return refuse(socket, &no_dashboard);
    if (verdict.status == 101)
        return admit(socket, &verdict, &headers);
    if (verdict.status == VERDICT_TICKET)
        return await_ticket(socket, &verdict, handshake.query_ticket,
                            &headers);
    refusal = refusal_of(&verdict);
    return refuse(socket, &refusal);
}
