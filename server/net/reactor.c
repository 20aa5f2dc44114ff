#include "net/reactor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libwebsockets.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/thread.h"
#include "net/exchange.h"
#include "net/http.h"
#include "net/listener.h"
#include "net/send_ring.h"
#include "net/tls.h"
#include "net/websocket.h"

enum {
    DRAIN_STEP_MS = 100,
    HEADER_BYTES = 8192,
    SERVICE_BUFFER = 65536 + 4096,
    SEND_BYTES = 1 << 20, /* one write is not cut below this */
    LINGER_SECONDS = 2,
    LWS_GRACE_SECONDS = 10 /* our own time-outs come first */
};

/* No timer of libwebsockets for an idle connection: worker_tick pings. */
static const lws_retry_bo_t no_idle_policy;

static __thread struct reactor *running; /* this thread's */

static struct socket *socket_of(struct lws *wsi)
{
    return lws_get_opaque_user_data(wsi);
}

struct socket *reactor_find_socket(int fd)
{
    bool is_ours = running && fd >= 0 && fd < running->by_fd_count;
    return is_ours ? running->by_fd[fd] : NULL;
}

static void enter_socket(struct reactor *reactor, struct socket *socket)
{
    int count = reactor->by_fd_count ? reactor->by_fd_count : 64;
    while (count <= socket->fd)
        count *= 2;
    if (count > reactor->by_fd_count) {
        reactor->by_fd = memory_resize(reactor->by_fd, (size_t)count,
                                       sizeof *reactor->by_fd);
        memset(reactor->by_fd + reactor->by_fd_count, 0,
               (size_t)(count - reactor->by_fd_count) * sizeof *reactor->by_fd);
        reactor->by_fd_count = count;
    }
    reactor->by_fd[socket->fd] = socket;
}

static void on_destroyed(struct socket *socket)
{
    lws_set_opaque_user_data(socket->wsi, NULL);
    struct socket **entry = &socket->reactor->by_fd[socket->fd];
    if (*entry == socket) /* the next one may have the same descriptor */
        *entry = NULL;
    socket_free(socket);
}

/* A vhost's OpenSSL context was made. */
static int on_tls_context(struct lws *wsi, SSL_CTX *context)
{
    const struct reactor *reactor = lws_context_user(lws_get_context(wsi));
    tls_attach(reactor->net->tls, context);
    return 0;
}

/* Every event of every protocol: which room it goes to, no more. */
static int on_event(struct lws *wsi, enum lws_callback_reasons reason,
                    void *user, void *in, size_t len)
{
    /* else it changes with the protocol; ours does not */
    if (reason == LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS)
        return on_tls_context(wsi, user);
    struct socket *socket = wsi ? socket_of(wsi) : NULL;
    if (!socket)
        return 0;
    switch (reason) {
    case LWS_CALLBACK_FILTER_HTTP_CONNECTION:
        return http_on_request(socket);
    case LWS_CALLBACK_HTTP:
        return http_on_action(socket);
    case LWS_CALLBACK_HTTP_BODY:
        return exchange_on_body(socket, (struct bytes){in, len});
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return exchange_on_body_end(socket);
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return websocket_on_upgrade(socket);
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return websocket_on_filter(socket);
    case LWS_CALLBACK_ESTABLISHED:
        websocket_on_open(socket);
        return 0;
    case LWS_CALLBACK_RECEIVE:
        return websocket_on_receive(socket, in, len);
    case LWS_CALLBACK_RECEIVE_PONG:
        if (socket->connection)
            connection_on_sign_of_life(socket->connection);
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return websocket_on_writable(socket);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        return websocket_on_peer_close(socket, in, len);
    case LWS_CALLBACK_CLOSED:
        websocket_on_closed(socket);
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        on_destroyed(socket);
        return 0;
    default:
        return 0;
    }
}

/* The first entry takes plain HTTP, under a name that no client can offer; the
 * others are there for their names, which libwebsockets matches and echoes.
 * All share one callback: what a connection speaks was decided by the
 * handshake. */
static struct lws_protocols *make_lws_protocols(const struct net *net)
{
    size_t count = 0;
    while (net->protocols[count])
        count++;
    struct lws_protocols *made = memory_new(count + 2, sizeof *made);
    for (size_t i = 0; i <= count; i++)
        made[i] = (struct lws_protocols){
            .name = i ? net->protocols[i - 1]->name : "plain http",
            .callback = on_event,
            .rx_buffer_size = net->options.rx_buffer_bytes,
            .tx_packet_size = SEND_BYTES,
        };
    return made;
}

static void end_step(struct reactor *reactor);

/* A message cut off by the small read buffer has its rest in the kernel, and
 * mostly others behind it: what this turn gathered goes out with theirs, as
 * one write, if they come with the very next read. The loop must not sleep
 * meanwhile. Two calls make a turn: after the events, and before the sleep. */
static bool should_hold(struct reactor *reactor)
{
    enum { TURNS_MAX = 64 };
    bool before_sleep = reactor->is_held;
    reactor->is_held = false;
    if (before_sleep)
        return true;
    bool more = reactor->has_cut_message && reactor->held_turns < TURNS_MAX;
    reactor->has_cut_message = false;
    reactor->held_turns = more ? reactor->held_turns + 1 : 0;
    reactor->is_held = more;
    if (more)
        loop_wake(reactor->loop);
    return more;
}

static void on_turn(void *arg)
{
    struct reactor *reactor = arg;
    input_serve_held(reactor);
    if (should_hold(reactor))
        return;
    worker_turn(&reactor->worker);
    websocket_close_broken(reactor);
    exchange_pause_all(reactor);
    websocket_close_explained(reactor);
    if (inbox_depth(&reactor->worker.inbox) ||
        worker_is_behind(&reactor->worker) || reactor->has_unserved)
        loop_wake(reactor->loop);
    if (reactor->is_stopping)
        end_step(reactor);
}

/* Its own posts need no wake-up: on_turn drains before the loop sleeps. */
static void on_post(void *arg)
{
    struct reactor *reactor = arg;
    if (running != reactor && reactor->loop)
        loop_wake(reactor->loop);
}

static void on_tick(void *arg)
{
    struct reactor *reactor = arg;
    const struct limits *limits = &reactor->net->instance->options->limits;
    uint64_t now = clock_steady_ms();
    reactor->ticked_ms = now;
    uint64_t begun_by = now - limits->handshake_seconds * 1000;
    uint32_t silent = socket_close_idle(&reactor->fresh, begun_by) +
                      proxied_close_idle(reactor, begun_by);
    metrics_add(&reactor->worker.metrics, METRIC_LIMIT_HANDSHAKE, silent);
    socket_close_idle(&reactor->kept, now - SOCKET_KEPT_SECONDS * 1000);
    socket_close_idle(&reactor->lingering, now - LINGER_SECONDS * 1000);
    metrics_note_thread(&reactor->worker.metrics,
                        loop_timer_late_ns(reactor->tick));
    worker_tick(&reactor->worker);
}

/* The connection is lost, and the others are not. What has no request yet of a
 * PROXY header ends by its time-out. */
static void on_unwatched(void *arg, int fd)
{
    struct reactor *reactor = arg;
    struct socket *socket = reactor_find_socket(fd);
    metrics_add(&reactor->worker.metrics, METRIC_LIMIT_DESCRIPTORS, 1);
    log_limited(LOG_ERROR, 1, "A descriptor cannot be watched",
                LOG_TEXT("hint", "raise fs.epoll.max_user_watches, or memory"));
    if (socket)
        socket_close(socket);
    else
        listener_rest(reactor, fd);
}

static bool make_context(struct reactor *reactor)
{
    void *loops[1] = {loop_native(reactor->loop)};
    /* all the same, for the list in timers.c; our own come before */
    uint32_t seconds =
        reactor->net->instance->options->limits.handshake_seconds +
        SOCKET_KEPT_SECONDS + LWS_GRACE_SECONDS;
    struct lws_context_creation_info info = {
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_DISABLE_IPV6,
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .foreign_loops = loops,
        .pcontext = &reactor->lws_context,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
        .pt_serv_buf_size = SERVICE_BUFFER,
        .max_http_header_data = HEADER_BYTES,
        .timeout_secs = seconds,
        .timeout_secs_ah_idle = seconds,
        .keepalive_timeout = seconds,
        .protocols = reactor->lws_protocols,
        .retry_and_idle_policy = &no_idle_policy,
        .alpn = "http/1.1",
        .vhost_name = "peal",
        .user = reactor,
    };
    if (reactor->net->tls) {
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
                        LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX;
        info.provided_client_ssl_ctx =
            tls_client_context(reactor->net->tls);
    }
    reactor->lws_context = lws_create_context(&info);
    /* with a foreign loop the context may be there but broken: the vhost
     * tells (see ARCHITECTURE.md, libwebsockets) */
    if (reactor->lws_context)
        reactor->lws_vhost = lws_create_vhost(reactor->lws_context, &info);
    return reactor->lws_vhost != NULL;
}

struct reactor *reactor_new(struct net *net, unsigned index)
{
    struct reactor *reactor = memory_new(1, sizeof *reactor);
    reactor->net = net;
    reactor->lws_protocols = make_lws_protocols(net);
    reactor->loop = loop_new(on_turn, reactor);
    loop_on_unwatched(reactor->loop, on_unwatched);
    worker_init(&reactor->worker, net->instance, index, on_post, reactor);
    if (make_context(reactor))
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
    const struct net_options *options = &reactor->net->options;
    if (!options->io_uring || options->tls)
        return;
    reactor->send_ring = send_ring_new(websocket_on_sent);
    if (reactor->send_ring) {
        reactor->worker.settle = send_ring_settle;
        reactor->worker.settle_arg = reactor->send_ring;
    } else if (reactor->worker.index == 0) {
        log_event(LOG_INFO, "No io_uring: each send is a system call",
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

/* With a foreign loop the first destruction starts to close libwebsockets'
 * handles; once loop_run has returned, a second one frees. */
static void stop_here(void *subject, void *object)
{
    (void)object;
    struct reactor *reactor = subject;
    reactor->is_stopping = true;
}

/* At the end of a turn, outside every callback. */
static void end_step(struct reactor *reactor)
{
    reactor->is_stopping = false;
    listener_free_all(reactor);
    loop_timer_free(reactor->tick);
    loop_timer_free(reactor->drain);
    exchange_abandon_all(reactor);
    proxied_close_idle(reactor, UINT64_MAX);
    lws_context_destroy(reactor->lws_context);
    worker_turn(&reactor->worker);
    loop_stop(reactor->loop);
}

void reactor_stop(struct reactor *reactor)
{
    inbox_post(&reactor->worker.inbox,
               (struct inbox_item){stop_here, reactor, NULL});
    loop_wake(reactor->loop);
}

static uint32_t open_connections(const struct reactor *reactor)
{
    return (uint32_t)atomic_load(
        &reactor->worker.metrics.cells[METRIC_CONNECTIONS]);
}

enum {
    DRAIN_STEPS_A_SECOND = 1000 / DRAIN_STEP_MS,
    KEPT_STEPS = 10,  /* for kept connections: whose is in use ends itself */
    LINGER_STEPS = 50 /* for closing handshakes and full outboxes */
};

static uint32_t drain_steps(const struct reactor *reactor)
{
    return reactor->net->options.drain_seconds * DRAIN_STEPS_A_SECOND;
}

/* Whether somebody would lose something by the end. With a successor on the
 * same port nobody is turned away: who was accepted before is still served. */
static bool is_in_use(const struct reactor *reactor)
{
    if (open_connections(reactor) || reactor->asking.first)
        return true;
    if (!reactor->net->has_successor)
        return false;
    uint32_t kept_steps = drain_steps(reactor) + KEPT_STEPS;
    return reactor->fresh.first || reactor->proxied.first ||
           (reactor->kept.first && reactor->drain_step <= kept_steps);
}

/* At every step the share of connections asked to close is that of the time
 * gone by, so that clients come back elsewhere spread over all of it. */
static void on_drain_step(void *arg)
{
    struct reactor *reactor = arg;
    uint32_t steps = drain_steps(reactor);
    uint32_t step = ++reactor->drain_step;
    if (!is_in_use(reactor) || step > steps + LINGER_STEPS) {
        reactor->is_stopping = true;
        return;
    }
    uint32_t count = UINT32_MAX; /* at last all, those come late included */
    if (step < steps) {
        uint64_t due = (uint64_t)reactor->drain_total * step + steps - 1;
        count = (uint32_t)(due / steps) - reactor->drain_asked;
    }
    reactor->drain_asked +=
        worker_close_some(&reactor->worker, count, CLOSE_RESTART);
}

static void drain_here(void *subject, void *object)
{
    (void)object;
    struct reactor *reactor = subject;
    listener_free_all(reactor);
    reactor->drain_total = open_connections(reactor);
    reactor->drain =
        loop_timer_new(reactor->loop, 0, DRAIN_STEP_MS, on_drain_step, reactor);
}

void reactor_drain(struct reactor *reactor)
{
    inbox_post(&reactor->worker.inbox,
               (struct inbox_item){drain_here, reactor, NULL});
    loop_wake(reactor->loop);
}

void reactor_join(struct reactor *reactor)
{
    if (reactor->is_started) {
        pthread_join(reactor->thread, NULL);
        return;
    }
    listener_free_all(reactor);
    if (reactor->lws_context)
        lws_context_destroy(reactor->lws_context);
}

void reactor_finish(struct reactor *reactor)
{
    struct loop *loop = reactor->loop;
    loop_finish(loop);
    if (reactor->lws_context)
        lws_context_destroy(reactor->lws_context);
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
    free(reactor->lws_protocols);
    free(reactor->by_fd);
    free(reactor);
}

void reactor_adopt(struct reactor *reactor, int fd,
                   const struct ip_address *address)
{
    struct net *net = reactor->net;
    struct lws *wsi = lws_adopt_socket_vhost(reactor->lws_vhost, fd);
    if (!wsi)
        return; /* libwebsockets has closed it */
    struct socket *socket = memory_new(1, sizeof *socket);
    socket->reactor = reactor;
    socket->wsi = wsi;
    socket->fd = fd;
    enter_socket(reactor, socket);
    socket->ip = ip_counts_enter(net->ip_counts, address);
    socket_move(socket, &reactor->fresh);
    lws_set_opaque_user_data(wsi, socket);
    net->sockets++;
    metrics_add(&reactor->worker.metrics, METRIC_SOCKETS, 1);
}
