#include "net/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libwebsockets.h>

#include "base/memory.h"
#include "net/reactor.h"
#include "net/send_ring.h"
#include "net/tls/tls_socket.h"

enum { TURN_BYTES = 65536 }; /* bytes read per socket and turn */

/* ---- what the reader left ------------------------------------------------ */

struct stream_rest {
    size_t len;
    size_t at; /* taken up to here */
    char data[];
};

static struct stream_rest *rest_of(const struct socket *socket)
{
    return socket_peek(socket)->stream.rest;
}

static void count(struct socket *socket, enum metric metric, int64_t by)
{
    metrics_add(&socket->reactor->worker.metrics, metric, by);
}

static void drop_rest(struct socket *socket)
{
    if (!rest_of(socket))
        return;
    count(socket, METRIC_WAITING_BYTES, -(int64_t)rest_of(socket)->len);
    free(rest_of(socket));
    socket_extra(socket)->stream.rest = NULL;
}

static void keep(struct socket *socket, const char *data, size_t len)
{
    if (!len)
        return;
    struct stream_rest *rest = memory_new(1, sizeof *rest + len);
    rest->len = len;
    memcpy(rest->data, data, len);
    socket_extra(socket)->stream.rest = rest;
    count(socket, METRIC_WAITING_BYTES, (int64_t)len);
}

/* Appends new data to the remaining bytes. */
static void append(struct socket *socket, const char *data, size_t len)
{
    struct stream_rest *old = rest_of(socket);
    size_t left = old->len - old->at;
    struct stream_rest *all = memory_new(1, sizeof *all + left + len);
    all->len = left + len;
    memcpy(all->data, old->data + old->at, left);
    memcpy(all->data + left, data, len);
    count(socket, METRIC_WAITING_BYTES, (int64_t)all->len - (int64_t)old->len);
    free(old);
    socket_extra(socket)->stream.rest = all;
}

/* ---- giving it to the reader --------------------------------------------- */

static bool is_readable(const struct stream *stream)
{
    return !stream->is_paused && !stream->is_held &&
           stream->end != STREAM_CLOSE && stream->end != STREAM_KILL;
}

/* Returns the number of bytes taken. */
static size_t feed(struct socket *socket, char *data, size_t len)
{
    struct stream *stream = &socket->stream;
    size_t at = 0;
    while (at < len && is_readable(stream)) {
        size_t taken = stream->read(socket, data + at, len - at);
        if (!taken)
            break;
        at += taken;
    }
    return stream->end == STREAM_OPEN || stream->end == STREAM_LINGER ? at
                                                                      : len;
}

static void feed_rest(struct socket *socket)
{
    struct stream_rest *rest = rest_of(socket);
    if (!rest)
        return;
    rest->at += feed(socket, rest->data + rest->at, rest->len - rest->at);
    if (rest->at == rest->len)
        drop_rest(socket);
}

static void receive(struct socket *socket, char *data, size_t len)
{
    if (rest_of(socket)) {
        append(socket, data, len);
        feed_rest(socket);
    } else {
        size_t taken = feed(socket, data, len);
        keep(socket, data + taken, len - taken);
    }
}

/* OpenSSL may read several records at once, and the kernel reports no events
 * for buffered ones. A fast peer must not monopolize the thread. */
static void read_on(struct socket *socket)
{
    size_t done = 0;
    struct stream *stream = &socket->stream;
    struct reactor *reactor = socket->reactor;
    while (stream->tls && is_readable(stream)) {
        if (done >= TURN_BYTES) {
            stream_serve_later(socket);
            return;
        }
        ssize_t got =
            tls_socket_read(stream->tls, reactor->arena, sizeof reactor->arena);
        if (got < 0)
            stream_end(socket, STREAM_CLOSE);
        if (got <= 0)
            return;
        receive(socket, reactor->arena, (size_t)got);
        done += (size_t)got;
    }
}

size_t stream_unsent(const struct socket *socket)
{
    const struct stream *stream = &socket->stream;
    if (stream->tls)
        return tls_socket_unsent(stream->tls);
    return unsent_len(&socket_peek(socket)->stream.unsent);
}

/* A blocked socket is in the list `blocked`, ordered by its last progress,
 * unless another list limits its time. */
static void watch_progress(struct socket *socket, bool is_blocked)
{
    struct reactor *reactor = socket->reactor;
    const struct socket_list *list = socket_peek(socket)->place.list;
    if (is_blocked &&
        (!list || list == &reactor->kept || list == &reactor->blocked))
        socket_move(socket, &reactor->blocked);
    else if (!is_blocked && list == &reactor->blocked)
        socket_move(socket, socket->connection ? NULL : &reactor->kept);
}

static void count_unsent(struct socket *socket, size_t before, size_t now)
{
    int64_t more = (int64_t)now - (int64_t)before;
    count(socket, METRIC_OUTBOX_BYTES, more);
    count(socket, METRIC_WAITING_BYTES, more);
    count(socket, METRIC_OUTBOX_CONNECTIONS, !before - !now);
}

/* Updates the metrics of unsent bytes. */
static void note_unsent(struct socket *socket)
{
    size_t before = socket_peek(socket)->stream.counted;
    size_t now = stream_unsent(socket);
    if (now == before)
        return;
    socket_extra(socket)->stream.counted = now;
    count_unsent(socket, before, now);
    if (now < before || !before)
        watch_progress(socket, now != 0);
}

/* Also for encrypted records of tls_socket. */
static void gather(struct socket *socket, struct bytes records)
{
    struct send_ring *ring = socket->reactor->send_ring;
    struct stream *stream = &socket->stream;
    send_ring_make_room(ring, records.len);
    if (stream->tls && tls_socket_is_blocked(stream->tls)) {
        /* the flush that made room was incomplete */
        tls_socket_keep(stream->tls, records);
        note_unsent(socket);
        return;
    }
    stream->is_put_off = true;
    send_ring_copy(ring, socket, socket->fd, records);
}

int stream_on_receive(struct socket *socket, char *data, size_t len)
{
    struct stream *stream = &socket->stream;
    if (socket_has_tls(socket) && !stream->tls) {
        stream->tls =
            tls_socket_attach(lws_get_ssl(socket->wsi), socket, gather);
        /* a raw socket would keep the time-out of its TLS handshake */
        lws_set_timeout(socket->wsi, NO_PENDING_TIMEOUT, 0);
    }
    receive(socket, data, len);
    read_on(socket);
    return 0;
}

/* ---- flow control -------------------------------------------------------- */

/* While bytes wait for their turn, reading pauses too: libwebsockets closes at
 * the peer's end of stream, and they would be lost. */
static void set_reading(struct socket *socket)
{
    struct stream *stream = &socket->stream;
    bool is_stopped =
        stream->is_paused || (stream->is_waiting && rest_of(socket));
    if (stream->is_stopped == is_stopped)
        return;
    stream->is_stopped = is_stopped;
    lws_rx_flow_control(socket->wsi, !is_stopped);
}

void stream_pause(struct socket *socket)
{
    socket->stream.is_paused = true;
    set_reading(socket);
}

void stream_resume(struct socket *socket)
{
    if (!socket->stream.is_paused)
        return;
    socket->stream.is_paused = false;
    stream_serve_later(socket);
    set_reading(socket);
}

void stream_hold(struct socket *socket)
{
    socket->stream.is_held = true;
}

void stream_release(struct socket *socket)
{
    struct stream *stream = &socket->stream;
    stream->is_held = false;
    stream_resume(socket);
    if (rest_of(socket) || (stream->tls && tls_socket_has_more(stream->tls)))
        stream_serve_later(socket);
    set_reading(socket);
}

/* ---- writing ------------------------------------------------------------- */

bool stream_is_blocked(const struct socket *socket)
{
    const struct stream *stream = &socket->stream;
    return stream->tls ? tls_socket_is_blocked(stream->tls)
                       : socket->extra &&
                             !unsent_is_empty(&socket->extra->stream.unsent);
}

void stream_settle(struct reactor *reactor)
{
    if (reactor->send_ring)
        send_ring_send(reactor->send_ring);
}

/* Flushes deferred writes, to preserve the order. */
static void settle_own(struct socket *socket)
{
    if (socket->stream.is_put_off)
        stream_settle(socket->reactor);
}

/* Usually everything is sent, and nothing has to be kept. */
static bool send_plain(struct socket *socket, struct bytes bytes)
{
    if (socket->extra)
        return unsent_send(&socket->extra->stream.unsent, socket->fd, bytes);
    ssize_t sent = unsent_try(socket->fd, bytes);
    if (sent < 0)
        return false;
    if ((size_t)sent < bytes.len)
        unsent_keep(&socket_extra(socket)->stream.unsent,
                    bytes_skip(bytes, (size_t)sent));
    return true;
}

static bool flush_plain(struct socket *socket)
{
    return !stream_is_blocked(socket) ||
           unsent_flush(&socket->extra->stream.unsent, socket->fd);
}

static bool write_now(struct socket *socket, struct bytes bytes)
{
    struct stream *stream = &socket->stream;
    bool is_alive = stream->tls ? tls_socket_write(stream->tls, bytes)
                                : send_plain(socket, bytes);
    if (is_alive && stream_is_blocked(socket)) {
        stream_want_writable(socket);
        note_unsent(socket);
    }
    return is_alive;
}

/* Encrypts for the ring. */
static bool write_gathered(struct socket *socket, struct bytes bytes)
{
    struct tls_socket *tls = socket->stream.tls;
    bool is_alive = tls_socket_write_later(tls, bytes);
    if (tls_socket_is_blocked(tls))
        note_unsent(socket);
    return is_alive;
}

/* Bypasses libwebsockets, which stops reading while its queue is not empty. */
bool stream_write(struct socket *socket, struct bytes bytes)
{
    settle_own(socket);
    return write_now(socket, bytes);
}

/* Whether a write can be deferred; otherwise it is queued. */
static bool can_put_off(struct socket *socket)
{
    settle_own(socket);
    return socket->reactor->send_ring && !stream_is_blocked(socket);
}

bool stream_write_later(struct socket *socket, struct bytes bytes)
{
    if (!can_put_off(socket))
        return write_now(socket, bytes);
    if (socket->stream.tls)
        return write_gathered(socket, bytes);
    socket->stream.is_put_off = true;
    send_ring_add(socket->reactor->send_ring, socket, socket->fd, bytes);
    return true;
}

bool stream_write_soon(struct socket *socket, struct bytes bytes)
{
    if (!can_put_off(socket) || bytes.len > SEND_RING_COPY_MAX)
        return write_now(socket, bytes);
    if (socket->stream.tls)
        return write_gathered(socket, bytes);
    gather(socket, bytes);
    return true;
}

bool stream_on_sent(struct socket *socket, struct bytes bytes, int sent)
{
    socket->stream.is_put_off = false;
    if (sent == (int)bytes.len)
        return true;
    if (sent < 0 && sent != -EAGAIN && sent != -EINTR)
        return false;
    struct bytes rest = bytes_skip(bytes, sent > 0 ? (size_t)sent : 0);
    if (socket->stream.tls)
        tls_socket_keep(socket->stream.tls, rest);
    else
        unsent_keep(&socket_extra(socket)->stream.unsent, rest);
    note_unsent(socket);
    stream_want_writable(socket);
    return true;
}

void stream_want_writable(struct socket *socket)
{
    socket->stream.wants_writable = true;
    lws_callback_on_writable(socket->wsi);
}

int stream_on_writable(struct socket *socket)
{
    socket->stream.wants_writable = false;
    struct stream *stream = &socket->stream;
    bool is_alive =
        stream->tls ? tls_socket_flush(stream->tls) : flush_plain(socket);
    if (!is_alive)
        return -1;
    note_unsent(socket);
    if (stream_is_blocked(socket))
        stream_want_writable(socket);
    else if (socket->stream.end != STREAM_OPEN)
        stream_serve_later(socket);
    return 0;
}

/* ---- the end of a turn --------------------------------------------------- */

void stream_serve_later(struct socket *socket)
{
    struct reactor *reactor = socket->reactor;
    struct stream *stream = &socket->stream;
    if (stream->is_waiting)
        return;
    stream->is_waiting = true;
    socket_extra(socket)->stream.next_waiting = reactor->waiting;
    reactor->waiting = socket;
}

void stream_end(struct socket *socket, enum stream_end end)
{
    if (socket->stream.end != STREAM_OPEN && end != STREAM_KILL)
        return;
    socket->stream.end = (unsigned char)end;
    stream_serve_later(socket);
}

static size_t drop_all(struct socket *socket, char *data, size_t len)
{
    (void)socket, (void)data;
    return len;
}

static void linger(struct socket *socket)
{
    if (socket->stream.read == drop_all)
        return; /* since an earlier turn */
    if (socket->stream.tls)
        tls_socket_end(socket->stream.tls);
    shutdown(socket->fd, SHUT_WR);
    drop_rest(socket);
    stream_set_reader(socket, drop_all);
    socket_move(socket, &socket->reactor->lingering);
    stream_resume(socket);
}

/* May free the socket. */
static void end_or_serve(struct socket *socket)
{
    enum stream_end end = socket->stream.end;
    if (end == STREAM_OPEN) {
        feed_rest(socket);
        read_on(socket);
        set_reading(socket);
    } else if (end == STREAM_KILL) {
        socket_close(socket);
    } else if (stream_is_blocked(socket)) {
        /* the peer's end must not be seen before everything is sent, because
         * libwebsockets closes then */
        stream_pause(socket);
        stream_want_writable(socket); /* which comes back here */
    } else if (end == STREAM_CLOSE) {
        socket_close(socket);
    } else {
        linger(socket);
    }
}

void stream_serve_all(struct reactor *reactor)
{
    stream_settle(reactor); /* before anything is ended */
    /* the current list: sockets added meanwhile wait for the next turn */
    reactor->serving = reactor->waiting;
    reactor->waiting = NULL;
    while (reactor->serving) {
        struct socket *socket = reactor->serving;
        reactor->serving = socket->extra->stream.next_waiting;
        socket->stream.is_waiting = false;
        socket_trim(socket);
        end_or_serve(socket);
    }
}

void stream_set_reader(struct socket *socket, stream_reader *reader)
{
    socket->stream.read = reader;
}

static bool take_from_list(struct socket **list, struct socket *socket)
{
    while (*list && *list != socket)
        list = &(*list)->extra->stream.next_waiting;
    if (!*list)
        return false;
    *list = socket->extra->stream.next_waiting;
    return true;
}

void stream_deinit(struct socket *socket)
{
    struct reactor *reactor = socket->reactor;
    settle_own(socket);
    if (socket->stream.tls)
        tls_socket_detach(socket->stream.tls);
    if (socket->stream.is_waiting && !take_from_list(&reactor->waiting, socket))
        take_from_list(&reactor->serving, socket);
    drop_rest(socket);
    if (!socket->extra)
        return;
    unsent_deinit(&socket->extra->stream.unsent);
    count_unsent(socket, socket->extra->stream.counted, 0);
}
