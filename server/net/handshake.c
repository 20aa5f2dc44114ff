#include "net/handshake.h"

#include <stdlib.h>
#include <string.h>

#include "net/admission.h"
#include "net/client_address.h"
#include "net/dashboard_access.h"
#include "net/reactor.h"
#include "net/refusal.h"
#include "net/tls.h"

void opening_free(struct opening *opening)
{
    if (!opening)
        return;
    free(opening->channels);
    free(opening);
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
    if (!refusals_are_few(net->instance, ip_count_address(socket->ip))) {
        count_limit(socket, METRIC_LIMIT_REFUSALS);
        *refusal = (struct refusal){429, "Too many refusals", NULL, CLOSE_NONE,
                                    NULL};
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
        return refusal_give(socket, &refusal);
    read_handshake(socket, &headers, &handshake);
    handshake.certificate_name = certificate_name(socket, name);
    auth_judge(socket->reactor->net->auth, &handshake, &verdict);
    if (is_hidden_dashboard(socket, &peer, &verdict, &headers))
        return refusal_give(socket, &no_dashboard);
    if (verdict.status == 101)
        return admission_let_in(socket, &verdict, &headers);
    if (verdict.status == VERDICT_TICKET)
        return admission_redeem(socket, &verdict, handshake.query_ticket,
                                &headers);
    refusal = admission_refusal_of(&verdict);
    return refusal_give(socket, &refusal);
}
