#include "net/websocket/handshake.h"

#include <stdlib.h>
#include <string.h>

#include <libwebsockets.h>

#include "base/memory.h"
#include "messaging/bans.h"
#include "messaging/pressure.h"
#include "messaging/protocol.h"
#include "net/http/client_request.h"
#include "net/http/request_head.h"
#include "net/peer/client_address.h"
#include "net/peer/dashboard_access.h"
#include "net/reactor.h"
#include "net/tls/tls.h"
#include "net/websocket/admission.h"
#include "net/websocket/refusal.h"

static void count_limit(struct socket *socket, enum metric metric)
{
    metrics_add(&socket->reactor->worker.metrics, metric, 1);
}

/* A single request has no connection: it is served like those of backends. */
static enum refusal_reason find_room_for_request(const struct socket *socket)
{
    if (socket->is_guest)
        return REFUSAL_FULL;
    return pressure_refuses(&socket->reactor->worker) ? REFUSAL_MEMORY
                                                      : REFUSAL_NONE;
}

/* Checked before any token, because these refusals must be cheap. */
static enum refusal_reason find_room(struct socket *socket)
{
    struct net *net = socket->reactor->net;
    const struct limits *limits = &net->instance->options->limits;
    if (socket_peek(socket)->request)
        return find_room_for_request(socket);
    if (net->is_draining && !net->has_successor)
        return REFUSAL_DRAINING;
    if (socket->is_guest)
        return REFUSAL_FULL;     /* counted when it was accepted */
    if (socket_is_admin(socket)) /* has its own limit */
        return REFUSAL_NONE;
    if (limits->connections_per_ip &&
        ip_count_sockets(socket->ip) > limits->connections_per_ip) {
        count_limit(socket, METRIC_LIMIT_IP);
        return REFUSAL_ADDRESS_LIMIT;
    }
    if (net->connections >= limits->connections) {
        count_limit(socket, METRIC_LIMIT_CONNECTIONS);
        return REFUSAL_FULL;
    }
    if (pressure_refuses(&socket->reactor->worker))
        return REFUSAL_MEMORY;
    return REFUSAL_NONE;
}

/* Decoded values are in the reactor's buffer, which does not move meanwhile,
 * because decoding never increases the length. */
static void read_handshake(const struct socket *socket,
                           const struct request_head *head,
                           const struct ip_address *peer, struct handshake *out)
{
    static const char *const names[] = {"protocol", "token", "ticket"};
    enum { NAMES = sizeof names / sizeof *names };
    const struct net *net = socket->reactor->net;
    struct buffer *decoded = &socket->reactor->decoded;
    struct bytes values[NAMES];
    buffer_clear(decoded);
    /* with room for what comes later, the channels and an event's id, and for
     * names looked at */
    buffer_reserve(decoded,
                   head->path.len + (NAMES + 4) * head->query.len + NAMES);
    struct bytes path = head->path;
    struct bytes rest = {0};
    const struct endpoint *endpoint =
        protocol_endpoint(socket->reactor->net->protocols, path, &rest);
    bool is_parted = rest.len && memchr(rest.data, '/', rest.len);
    if (endpoint) {
        request_decode(path, decoded);
        path = buffer_bytes(decoded);
    }
    for (size_t i = 0; i < NAMES; i++) {
        rest = head->query;
        values[i] = request_query_next(&rest, names[i], decoded);
    }
    *out = (struct handshake){
        .method = head->method,
        .path = path,
        .is_parted = is_parted,
        .version = head->fields[FIELD_SEC_WEBSOCKET_VERSION],
        .key = head->fields[FIELD_SEC_WEBSOCKET_KEY],
        .host = head->fields[FIELD_HOST],
        .origin = head->fields[FIELD_ORIGIN],
        .authorization = head->fields[FIELD_AUTHORIZATION],
        .cookie = head->fields[FIELD_COOKIE],
        .subprotocols = head->fields[FIELD_SEC_WEBSOCKET_PROTOCOL],
        .query_protocol = values[0],
        .query_token = values[1],
        .query_ticket = values[2],
        .is_same_origin = bytes_equal(head->fields[FIELD_SEC_FETCH_SITE],
                                      BYTES_LITERAL("same-origin")),
        .is_secure = client_is_secure(net->trusted_proxies, peer, head,
                                      socket_has_tls(socket)),
    };
}

/* The client's name from its certificate, if that is the client id. */
static struct bytes certificate_name(const struct socket *socket,
                                     char name[CLIENT_ID_MAX])
{
    if (!socket_has_tls(socket) ||
        !tls_names_clients(socket->reactor->net->tls))
        return (struct bytes){0};
    size_t len = tls_client_name(lws_get_ssl(socket->wsi), name, CLIENT_ID_MAX);
    return (struct bytes){name, len};
}

/* Counts a proxy's socket for the client from here on, or for the duration of a
 * request. */
static void find_client(struct socket *socket, const struct request_head *head)
{
    struct net *net = socket->reactor->net;
    const struct ip_address *peer = ip_count_address(socket->ip);
    struct ip_address client = client_address(net->trusted_proxies, peer, head);
    if (memcmp(&client, peer, sizeof client) == 0)
        return;
    struct ip_count *count = ip_counts_enter(net->ip_counts, &client);
    if (!client_request_keep_peer(socket))
        ip_counts_leave(net->ip_counts, socket->ip);
    socket->ip = count;
}

static bool is_hidden(const struct socket *socket,
                      const struct ip_address *peer,
                      const struct verdict *verdict,
                      const struct request_head *head)
{
    const struct net *net = socket->reactor->net;
    if (!verdict->protocol || !verdict->protocol->is_for_operators)
        return false;
    return (net->has_admin && !socket_is_admin(socket)) ||
           !dashboard_access_is_given(net->options.dashboard,
                                      net->trusted_proxies, peer,
                                      ip_count_address(socket->ip), head);
}

/* Frees the identity of a client that would have been accepted. */
static void refuse(struct verdict *verdict, enum refusal_reason why,
                   const char *reason)
{
    if (verdict->status == 101)
        identity_deinit(&verdict->identity);
    verdict_refuse(verdict, why, reason);
}

/* The administration listener accepts only clients with a ticket from an API
 * key: dashboards, and `peal tail`. */
static bool is_at_wrong_listener(const struct socket *socket,
                                 const struct verdict *verdict)
{
    return socket_is_admin(socket) && verdict->status == 101;
}

/* Reported only to an authenticated client. */
static void refuse_banned(const struct socket *socket, struct verdict *verdict,
                          ban_reason reason)
{
    struct bans *bans = socket->reactor->net->instance->bans;
    bans_judge_token(bans, verdict->client_id, verdict);
    if ((verdict->status != 101 && verdict->status != VERDICT_TICKET) ||
        !bans_has_client(bans, verdict->client_id, reason))
        return;
    refuse(verdict, REFUSAL_BANNED, reason[0] ? reason : NULL);
}

static void act(struct socket *socket, struct verdict *verdict,
                struct bytes ticket, const struct request_head *head)
{
    if (verdict->status == 101) {
        admission_let_in(socket, verdict, head);
    } else if (verdict->status == VERDICT_TICKET) {
        admission_redeem(socket, verdict, ticket, head);
    } else {
        const struct refusal refusal = admission_refusal_of(verdict);
        refusal_give(socket, &refusal, head);
    }
}

void handshake_judge(struct socket *socket, const struct request_head *head)
{
    char name[CLIENT_ID_MAX];
    struct verdict verdict;
    struct handshake handshake;
    const struct ip_address peer = *ip_count_address(socket->ip);
    find_client(socket, head);
    ban_reason banned;
    struct refusal refusal = {.why = find_room(socket)};
    if (refusal.why == REFUSAL_NONE && !socket_is_admin(socket) &&
        bans_has_address(socket->reactor->net->instance->bans,
                         ip_count_address(socket->ip), banned)) {
        refusal.why = REFUSAL_BANNED;
        refusal.reason = banned[0] ? banned : NULL;
    }
    if (refusal.why != REFUSAL_NONE) {
        refusal_give(socket, &refusal, head);
        return;
    }
    read_handshake(socket, head, &peer, &handshake);
    handshake.certificate_name = certificate_name(socket, name);
    auth_judge(socket->reactor->net->auth, &handshake, &verdict);
    if (is_hidden(socket, &peer, &verdict, head))
        verdict_refuse(&verdict, REFUSAL_DASHBOARD, NULL);
    if (is_at_wrong_listener(socket, &verdict))
        refuse(&verdict, REFUSAL_LISTENER, NULL);
    refuse_banned(socket, &verdict, banned);
    act(socket, &verdict, handshake.query_ticket, head);
}
