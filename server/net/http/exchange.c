/* Most answers arrive within the turn, so reading is paused only at its end. */
#include "net/http/exchange.h"

#include <stdlib.h>

#include "base/memory.h"
#include "net/http/http_refusal.h"
#include "net/http/response.h"
#include "net/reactor.h"

struct exchange *exchange_begin(struct socket *socket, struct api_call *call)
{
    struct exchange *exchange = memory_new(1, sizeof *exchange);
    PANIC_IF(socket_peek(socket)->exchange);
    exchange->call = call;
    socket_extra(socket)->exchange = exchange;
    socket_move(socket, &socket->reactor->fresh);
    return exchange;
}

void exchange_free(struct socket *socket)
{
    struct exchange *exchange = socket_peek(socket)->exchange;
    if (!exchange)
        return;
    api_call_free(exchange->call);
    free(exchange);
    socket->extra->exchange = NULL;
}

bool exchange_wants_body(const struct socket *socket)
{
    const struct exchange *exchange = socket_peek(socket)->exchange;
    return exchange && exchange->call && !exchange->is_asking;
}

void exchange_complete(struct socket *socket, bool keep_open)
{
    exchange_free(socket);
    /* a client that reads none of the response is closed in any case */
    socket_move(socket, stream_is_blocked(socket) ? &socket->reactor->blocked
                                                  : &socket->reactor->kept);
    if (!keep_open)
        stream_end(socket, STREAM_CLOSE);
    if (stream_is_blocked(socket))
        stream_pause(socket); /* until http_on_writable */
    else
        stream_release(socket); /* the next request may have arrived */
}

/* Sends the head, and the body or its first part. */
static bool write_first(struct socket *socket, const struct api_response *found)
{
    struct exchange *exchange = socket_peek(socket)->exchange;
    bool is_chunked = found->has_more && exchange->knows_chunks;
    bool is_endless = found->has_more && !exchange->knows_chunks;
    exchange->keep_open = exchange->keep_open && !is_endless &&
                          !socket->reactor->net->is_draining;
    return response_write_api(
        socket, found,
        &(struct response){.head_only = exchange->head_only,
                           .keep_open = exchange->keep_open,
                           .is_chunked = is_chunked,
                           .is_endless = is_endless});
}

static bool write_more(struct socket *socket, const struct api_response *found)
{
    const struct exchange *exchange = socket_peek(socket)->exchange;
    return response_write_more(socket, found->body, !found->has_more,
                               exchange->knows_chunks);
}

static void on_response(void *arg, const struct api_response *found)
{
    struct socket *socket = arg;
    struct exchange *exchange = socket_peek(socket)->exchange;
    bool is_written = found->is_continued ? write_more(socket, found)
                                          : write_first(socket, found);
    exchange->has_more = found->has_more && !exchange->head_only;
    if (!exchange->has_more || !is_written) {
        exchange_complete(socket, exchange->keep_open && is_written);
        return;
    }
    socket_move(socket, stream_is_blocked(socket) ? &socket->reactor->blocked
                                                  : &socket->reactor->kept);
    stream_pause(socket); /* must not see the peer's end before */
    stream_want_writable(socket);
}

void exchange_go_on(struct socket *socket)
{
    struct exchange *exchange = socket_peek(socket)->exchange;
    if (!exchange->has_more)
        return;
    exchange->has_more = false;
    socket_move(socket, &socket->reactor->asking);
    api_call_go_on(exchange->call);
}

static void run(struct socket *socket)
{
    struct exchange *exchange = socket_peek(socket)->exchange;
    exchange->is_asking = true;
    stream_hold(socket);
    socket_move(socket, &socket->reactor->asking);
    api_call_run(exchange->call, on_response, socket);
}

/* The body turned out to be too long: answers now, and discards the rest. */
static void refuse_long_body(struct socket *socket)
{
    struct exchange *exchange = socket_peek(socket)->exchange;
    struct api_response found = {0};
    api_call_refuse_body(exchange->call, &found);
    response_write_api(socket, &found,
                       &(struct response){.head_only = exchange->head_only});
    api_response_deinit(&found);
    api_call_free(exchange->call);
    exchange->call = NULL;
    exchange->keep_open = false;
}

static void take_piece(struct socket *socket, struct bytes piece)
{
    struct exchange *exchange = socket_peek(socket)->exchange;
    if (exchange->call && !exchange->is_get) {
        if (!api_call_add(exchange->call, piece))
            refuse_long_body(socket);
        return;
    }
    exchange->dropped += (uint32_t)piece.len;
    if (exchange->dropped > EXCHANGE_DISCARD_MAX)
        stream_end(socket, STREAM_KILL); /* already answered */
}

static void take_end(struct socket *socket)
{
    struct exchange *exchange = socket_peek(socket)->exchange;
    if (exchange->call)
        run(socket);
    else
        exchange_complete(socket, exchange->keep_open);
}

static void take_bad(struct socket *socket)
{
    if (socket_peek(socket)->exchange->call)
        http_refuse_malformed(socket, 400, "Malformed chunked body");
    exchange_complete(socket, false);
}

/* One step; returns the number of bytes taken. */
static size_t step(struct socket *socket, struct bytes data,
                   enum body_result *result)
{
    size_t taken;
    struct bytes piece;
    *result = body_reader_next(&socket_peek(socket)->exchange->body, data,
                               &taken, &piece);
    if (*result == BODY_PIECE)
        take_piece(socket, piece);
    else if (*result == BODY_END)
        take_end(socket);
    else if (*result == BODY_BAD)
        take_bad(socket);
    return taken;
}

void exchange_start(struct socket *socket)
{
    enum body_result result;
    step(socket, (struct bytes){"", 0}, &result);
}

/* The end is reported after the last piece, without more bytes. */
size_t exchange_read(struct socket *socket, struct bytes data)
{
    enum body_result result = BODY_PIECE;
    size_t taken = 0;
    while (result == BODY_PIECE && socket_peek(socket)->exchange)
        taken += step(socket, bytes_skip(data, taken), &result);
    return result == BODY_BAD ? data.len : taken;
}

void exchange_pause_all(struct reactor *reactor)
{
    /* the newest are last */
    struct socket *socket = reactor->asking.last;
    while (socket && !socket->stream.is_paused) {
        stream_pause(socket);
        socket = socket->extra->place.previous;
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
