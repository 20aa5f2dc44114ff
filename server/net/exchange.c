/* libwebsockets reads on while an answer is awaited, and what it reads then it
 * offers again and again: so reading is paused when the turn is over and the
 * answer is not there. Mostly it is, and nothing has to be done. */
#include "net/exchange.h"

#include <stdlib.h>

#include <libwebsockets.h>

#include "base/loop.h"
#include "base/memory.h"
#include "net/body_guard.h"
#include "net/keep_alive.h"
#include "net/reactor.h"
#include "net/response.h"

struct exchange *exchange_begin(struct socket *socket, struct api_call *call)
{
    struct exchange *exchange = memory_new(1, sizeof *exchange);
    PANIC_IF(socket->exchange);
    exchange->call = call;
    socket->exchange = exchange;
    socket_move(socket, &socket->reactor->fresh);
    return exchange;
}

void exchange_free(struct socket *socket)
{
    if (!socket->exchange)
        return;
    api_call_free(socket->exchange->call);
    free(socket->exchange);
    socket->exchange = NULL;
}

/* The connection serves another request, or ends. */
static int complete(struct socket *socket)
{
    bool keep_open = socket->exchange->keep_open;
    exchange_free(socket);
    socket_move(socket, &socket->reactor->kept);
    if (socket->input.is_listed)
        loop_wake(socket->reactor->loop); /* the next request can be read */
    return keep_open && keep_alive(socket->wsi) ? 0 : -1;
}

static void on_response(void *arg, const struct api_response *found)
{
    struct socket *socket = arg;
    struct exchange *exchange = socket->exchange;
    if (exchange->is_paused)
        lws_rx_flow_control(socket->wsi, 1);
    if (socket->reactor->net->is_draining)
        exchange->keep_open = false;
    if (!response_write_api(socket, found, exchange->head_only,
                            exchange->keep_open))
        exchange->keep_open = false;
    if (complete(socket) < 0)
        socket_close(socket);
}

void exchange_run(struct socket *socket)
{
    struct exchange *exchange = socket->exchange;
    exchange->is_asking = true;
    socket_move(socket, &socket->reactor->asking);
    api_call_run(exchange->call, on_response, socket);
}

int exchange_on_body(struct socket *socket, struct bytes piece)
{
    struct exchange *exchange = socket->exchange;
    if (!exchange)
        return -1;
    bool fits = !exchange->call || api_call_add(exchange->call, piece);
    return fits ? 0 : -1;
}

int exchange_on_body_end(struct socket *socket)
{
    struct exchange *exchange = socket->exchange;
    if (!exchange)
        return -1;
    if (exchange->is_asking)
        return 0; /* told again with whatever comes behind the body */
    if (!exchange->call)
        return complete(socket);
    exchange_run(socket);
    return 0;
}

void exchange_pause_all(struct reactor *reactor)
{
    /* the newest stand last */
    struct socket *socket = reactor->asking.last;
    while (socket && !socket->exchange->is_paused) {
        socket->exchange->is_paused = true;
        body_guard_pause(socket->wsi);
        socket = socket->place->previous;
    }
}

void exchange_abandon_all(struct reactor *reactor)
{
    while (reactor->asking.first) {
        struct socket *socket = reactor->asking.first;
        socket_move(socket, NULL);
        exchange_free(socket);
    }
}
