#include "net/socket.h"

#include <stdlib.h>

#include <libwebsockets.h>

#include "base/clock.h"
#include "net/exchange.h"
#include "net/handshake.h"
#include "net/reactor.h"

static void unlink_socket(struct socket *socket)
{
    struct socket_list *list = socket->list;
    if (!list)
        return;
    if (socket->previous)
        socket->previous->next = socket->next;
    else
        list->first = socket->next;
    if (socket->next)
        socket->next->previous = socket->previous;
    else
        list->last = socket->previous;
    socket->list = NULL;
}

static void link_last(struct socket *socket, struct socket_list *list)
{
    socket->list = list;
    socket->next = NULL;
    socket->previous = list->last;
    if (list->last)
        list->last->next = socket;
    else
        list->first = socket;
    list->last = socket;
}

void socket_move(struct socket *socket, struct socket_list *list)
{
    unlink_socket(socket);
    if (!list)
        return;
    socket->since_ms = clock_steady_ms();
    link_last(socket, list);
}

uint32_t socket_close_idle(struct socket_list *list, uint64_t before_ms)
{
    uint32_t closed = 0;
    while (list->first && list->first->since_ms < before_ms) {
        struct socket *socket = list->first;
        socket_move(socket, NULL);
        lws_set_timeout(socket->wsi, PENDING_TIMEOUT_USER_REASON_BASE,
                        LWS_TO_KILL_SYNC);
        closed++;
    }
    return closed;
}

/* What libwebsockets then waits for (the answering close frame, a flush) it
 * limits by timers of its own; set outside its events, as here, they are not
 * armed before its next one: so there is one. */
void socket_close(struct socket *socket)
{
    struct lws_context *context = lws_get_context(socket->wsi);
    lws_set_timeout(socket->wsi, PENDING_TIMEOUT_USER_REASON_BASE,
                    LWS_TO_KILL_SYNC);
    lws_cancel_service(context);
}

static void leave_net(struct socket *socket)
{
    struct net *net = socket->reactor->net;
    net->sockets--;
    if (socket->is_counted)
        net->connections--;
    ip_counts_leave(net->ip_counts, socket->ip);
    metrics_add(&socket->reactor->worker.metrics, METRIC_SOCKETS, -1);
}

static void unlink_explained(struct socket *socket)
{
    if (!socket->opening || !socket->opening->reason)
        return;
    struct socket **at = &socket->reactor->explained;
    while (*at && *at != socket)
        at = &(*at)->next;
    if (*at)
        *at = socket->next;
}

void socket_free(struct socket *socket)
{
    unlink_socket(socket);
    unlink_explained(socket);
    if (socket->connection)
        connection_free(socket->connection);
    opening_free(socket->opening);
    input_deinit(socket);
    free(socket->pong);
    exchange_free(socket);
    handshake_abandon(socket);
    leave_net(socket);
    free(socket);
}
