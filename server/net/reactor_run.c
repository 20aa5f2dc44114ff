#include "net/reactor_run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libwebsockets.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/thread.h"
#include "messaging/connection.h"
#include "messaging/protocol.h"
#include "messaging/slow_reader.h"
#include "messaging/turn.h"
#include "net/acked.h"
#include "net/dispatch.h"
#include "net/http/exchange.h"
#include "net/http/http.h"
#include "net/listen/guests.h"
#include "net/listen/listener.h"
#include "net/listen/proxied.h"
#include "net/lws_settings.h"
#include "net/send_ring.h"
#include "net/tls/tls.h"

static __thread struct reactor *running; /* this thread's */

enum { IDLE_CLOSED_A_TURN = 64 };

static void end_step(struct reactor *reactor);

/* Closes some sockets that timed out. Thousands at once are closed over several
 * turns, so that they delay nobody. */
static void close_idle(struct reactor *reactor)
{
    const struct {
        struct socket_list *list;
        uint32_t seconds;
    } lists[] = {{&reactor->kept, SOCKET_KEPT_SECONDS},
                 {&reactor->closing, SOCKET_CLOSING_SECONDS},
                 {&reactor->lingering, SOCKET_LINGER_SECONDS}};
    uint32_t left = IDLE_CLOSED_A_TURN;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        left -= socket_close_idle(
            lists[i].list, clock_before(reactor->ticked_ms, lists[i].seconds),
            left);
    reactor->has_idle = !left;
}

static void on_turn(void *arg)
{
    struct reactor *reactor = arg;
    stream_serve_all(reactor);
    worker_turn(&reactor->worker);
    stream_settle(reactor);
    exchange_pause_all(reactor);
    if (reactor->has_idle)
        close_idle(reactor);
    if (inbox_depth(&reactor->worker.inbox) || reactor->has_idle ||
        worker_is_behind(&reactor->worker) || reactor->waiting)
        loop_wake(reactor->loop);
    if (reactor->end != REACTOR_RUNS)
        end_step(reactor);
}

/* Posts of its own thread need no wake-up: on_turn drains before the loop
 * sleeps. */
static void on_post(void *arg)
{
    struct reactor *reactor = arg;
    if (running != reactor && reactor->loop)
        loop_wake(reactor->loop);
}

static void give_up_slow(struct reactor *reactor, uint64_t now_ms)
{
    const struct limits *limits = &reactor->net->instance->options->limits;
    uint64_t begun_by = clock_before(now_ms, limits->handshake_seconds);
    uint32_t silent = proxied_close_idle(reactor, begun_by);
    struct socket *socket;
    while ((socket = socket_idle_since(&reactor->fresh, begun_by))) {
        http_give_up(socket);
        silent++;
    }
    metrics_add(&reactor->worker.metrics, METRIC_LIMIT_HANDSHAKE, silent);
}

static void give_up_blocked(struct socket *socket)
{
    struct reactor *reactor = socket->reactor;
    metrics_add(&reactor->worker.metrics, METRIC_LIMIT_STALLED, 1);
    if (socket->connection && !socket->connection->is_close_started) {
        socket_move(socket, NULL);
        slow_reader_give_up(socket->connection);
    } else {
        socket_close(socket);
    }
}

/* Closes sockets that took none of their unsent bytes. */
static void give_up_stalled(struct reactor *reactor, uint64_t now_ms)
{
    const struct limits *limits = &reactor->net->instance->options->limits;
    uint64_t stalled_ms = limits->stalled_seconds * UINT64_C(1000);
    struct socket *socket = reactor->blocked.first;
    while (socket &&
           clock_elapsed(now_ms, socket->extra->place.since_ms) > stalled_ms) {
        struct socket *next = socket->extra->place.next;
        uint64_t age_ms = now_ms - socket->extra->place.since_ms;
        if (!acked_is_due(socket->fd, age_ms, stalled_ms))
            give_up_blocked(socket);
        socket = next;
    }
}

static void tick_protocols(struct reactor *reactor)
{
    const struct protocol *const *at = reactor->net->protocols;
    for (; at && *at; at++)
        if ((*at)->tick)
            (*at)->tick(&reactor->worker);
}

static void on_tick(void *arg)
{
    struct reactor *reactor = arg;
    uint64_t now = clock_steady_ms();
    reactor->ticked_ms = now;
    descriptors_are_short(&reactor->net->descriptors);
    guests_tick(reactor);
    give_up_slow(reactor, now);
    give_up_stalled(reactor, now);
    close_idle(reactor);
    metrics_note_thread(&reactor->worker.metrics,
                        loop_timer_late_ns(reactor->tick));
    worker_tick(&reactor->worker);
    tick_protocols(reactor);
}

/* Closes only the affected connection. Sockets before their PROXY header end by
 * their time-out. */
static void on_unwatched(void *arg, int fd)
{
    struct reactor *reactor = arg;
    struct socket *socket = socket_find(reactor, fd);
    metrics_add(&reactor->worker.metrics, METRIC_LIMIT_DESCRIPTORS, 1);
    log_limited(LOG_ERROR, 1, "Descriptor watch failed",
                LOG_TEXT("hint", "raise fs.epoll.max_user_watches, or memory"));
    if (socket)
        socket_close(socket);
    else
        listener_rest(reactor, fd);
}

struct reactor *reactor_new(struct net *net, unsigned index)
{
    struct reactor *reactor = memory_new(1, sizeof *reactor);
    reactor->net = net;
    reactor->first_reader = http_read;
    reactor->on_closed = dispatch_on_closed;
    reactor->loop = loop_new(on_turn, reactor);
    loop_on_unwatched(reactor->loop, on_unwatched);
    worker_init(&reactor->worker, net->instance, index, on_post, reactor);
    if (lws_settings_apply(reactor))
        return reactor;
    reactor_join(reactor);
    reactor_finish(reactor);
    reactor_free(reactor);
    return NULL;
}

static void send_ring_settle(void *arg)
{
    send_ring_send(arg);
}

static void start_send_ring(struct reactor *reactor)
{
    if (!reactor->net->options.io_uring)
        return;
    reactor->send_ring = send_ring_new(dispatch_on_sent);
    if (reactor->send_ring) {
        reactor->worker.settle = send_ring_settle;
        reactor->worker.settle_arg = reactor->send_ring;
    } else if (reactor->worker.index == 0) {
        log_event(LOG_INFO, "io_uring unavailable; each send is a system call",
                  LOG_TEXT("reason", strerror(errno)));
    }
}

static void end_send_ring(struct reactor *reactor)
{
    reactor->worker.settle = NULL;
    send_ring_free(reactor->send_ring);
    reactor->send_ring = NULL;
}

static void *run(void *arg)
{
    struct reactor *reactor = arg;
    running = reactor;
    start_send_ring(reactor);
    tls_count_in(&reactor->worker.metrics);
    listener_start_all(reactor);
    reactor->tick = loop_timer_new(reactor->loop, 1000, 1000, on_tick, reactor);
    loop_run(reactor->loop);
    end_send_ring(reactor);
    reactor->net->running--;
    return NULL;
}

void reactor_start(struct reactor *reactor)
{
    reactor->ticked_ms = clock_steady_ms();
    reactor->net->running++;
    thread_start(&reactor->thread, run, reactor);
    reactor->is_started = true;
}

static void stop_here(void *subject, void *object)
{
    (void)object;
    reactor_end(subject);
}

/* Call at the end of a turn, outside callbacks: first closes everything, and in
 * the next turn, after the handles have closed, leaves the loop. */
static void end_step(struct reactor *reactor)
{
    if (reactor->end == REACTOR_ENDED) {
        loop_leave(reactor->loop);
        return;
    }
    reactor->end = REACTOR_ENDED;
    listener_free_all(reactor);
    loop_timer_free(reactor->tick);
    loop_timer_free(reactor->drain);
    exchange_abandon_all(reactor);
    proxied_close_idle(reactor, UINT64_MAX);
    socket_close_all(reactor);
    worker_turn(&reactor->worker);
    loop_wake(reactor->loop);
}

void reactor_stop(struct reactor *reactor)
{
    inbox_post(&reactor->worker.inbox,
               (struct inbox_item){stop_here, reactor, NULL});
    loop_wake(reactor->loop);
}

void reactor_join(struct reactor *reactor)
{
    if (reactor->is_started)
        pthread_join(reactor->thread, NULL);
    else
        listener_free_all(reactor);
}

/* libwebsockets closes the descriptor of its event pipe twice, so contexts are
 * destroyed when no other thread can have reused it. With a foreign loop, the
 * first destruction starts to close libwebsockets' handles; after the loop has
 * run, a second one frees them. */
void reactor_finish(struct reactor *reactor)
{
    struct loop *loop = reactor->loop;
    if (reactor->lws_context)
        lws_context_destroy(reactor->lws_context);
    loop_finish(loop);
    if (reactor->lws_context)
        lws_context_destroy(reactor->lws_context);
    free(reactor->lws_log);
    reactor->lws_log = NULL;
    reactor->loop = NULL;
    loop_free(loop);
}

bool reactor_drain_inbox(struct reactor *reactor)
{
    return inbox_drain(&reactor->worker.inbox);
}

void reactor_free(struct reactor *reactor)
{
    worker_deinit(&reactor->worker);
    free(reactor->by_fd);
    free(reactor->guests);
    if (reactor->silence_fd > 0)
        close(reactor->silence_fd);
    buffer_deinit(&reactor->joined);
    buffer_deinit(&reactor->decoded);
    buffer_deinit(&reactor->response);
    free(reactor);
}
