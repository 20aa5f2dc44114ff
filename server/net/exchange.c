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

/* Nobody knew how long it would get. It is answered now, and the rest of it
 * goes by. */
static bool refuse_long_body(struct socket *socket)
{
    struct exchange *exchange = socket->exchange;
    struct api_response found = {0};
    if (!exchange->is_chunked)
        return false;
    api_call_refuse_body(exchange->call, &found);
    bool written =
        response_write_api(socket, &found, exchange->head_only, false);
    api_response_deinit(&found);
    api_call_free(exchange->call);
    exchange->call = NULL;
    exchange->keep_open = false;
    exchange->answered_at = exchange->seen;
    return written;
}

int exchange_on_body(struct socket *socket, struct bytes piece)
{
    struct exchange *exchange = socket->exchange;
    if (!exchange)
        return -1;
    if (exchange->is_asking)
        return -1; /* a body that has ended does not go on */
    exchange->seen += piece.len;
    if (exchange->call && !api_call_add(exchange->call, piece) &&
        !refuse_long_body(socket))
        return -1;
    if (!exchange->call && exchange->is_chunked &&
        exchange->seen > EXCHANGE_DISCARD_MAX + exchange->answered_at)
        return -1;
    if (exchange->is_chunked && input_body_is_over(socket, exchange->seen))
        return exchange_on_body_end(socket);
    return 0;
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
