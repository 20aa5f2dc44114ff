#include "net/socket.h"

#include <stdlib.h>

#include <libwebsockets.h>

#include "base/clock.h"
#include "base/memory.h"
#include "net/exchange.h"
#include "net/admission.h"
#include "net/handshake.h"
#include "net/reactor.h"

static void unlink_socket(struct socket *socket)
{
    struct socket_place *place = socket->place;
    if (place->previous)
        place->previous->place->next = place->next;
    else
        place->list->first = place->next;
    if (place->next)
        place->next->place->previous = place->previous;
    else
        place->list->last = place->previous;
}

static void link_last(struct socket *socket, struct socket_list *list)
{
    *socket->place = (struct socket_place){
        .list = list,
        .previous = list->last,
        .since_ms = clock_steady_ms(),
    };
    if (list->last)
        list->last->place->next = socket;
    else
        list->first = socket;
    list->last = socket;
}

void socket_move(struct socket *socket, struct socket_list *list)
{
    if (socket->place)
        unlink_socket(socket);
    else if (list)
        socket->place = memory_new(1, sizeof *socket->place);
    if (list) {
        link_last(socket, list);
    } else {
        free(socket->place);
        socket->place = NULL;
    }
}

uint32_t socket_close_idle(struct socket_list *list, uint64_t before_ms)
{
    uint32_t closed = 0;
    while (list->first && list->first->place->since_ms < before_ms) {
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

void socket_free(struct socket *socket)
{
    socket_move(socket, NULL);
    if (socket->connection)
        connection_free(socket->connection);
    opening_free(socket->opening);
    input_deinit(socket);
    free(socket->pong);
    exchange_free(socket);
    admission_abandon(socket);
    leave_net(socket);
    free(socket);
}
