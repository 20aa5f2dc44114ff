#include "net/socket.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <libwebsockets.h>

#include "base/clock.h"
#include "base/memory.h"
#include "net/reactor.h"

/* ---- the table by descriptor --------------------------------------------- */

struct socket *socket_find(struct reactor *reactor, int fd)
{
    bool is_known = fd >= 0 && fd < reactor->by_fd_count;
    return is_known ? reactor->by_fd[fd] : NULL;
}

static void enter_socket(struct reactor *reactor, struct socket *socket)
{
    int count = reactor->by_fd_count ? reactor->by_fd_count : 64;
    while (count <= socket->fd)
        count = (int)memory_grown((size_t)count);
    if (count > reactor->by_fd_count) {
        reactor->by_fd = memory_resize(reactor->by_fd, (size_t)count,
                                       sizeof *reactor->by_fd);
        memset(reactor->by_fd + reactor->by_fd_count, 0,
               (size_t)(count - reactor->by_fd_count) * sizeof *reactor->by_fd);
        reactor->by_fd_count = count;
    }
    reactor->by_fd[socket->fd] = socket;
}

static void leave_table(const struct socket *socket)
{
    struct socket **entry = &socket->reactor->by_fd[socket->fd];
    if (*entry == socket) /* the next one may have the same descriptor */
        *entry = NULL;
}

/* ---- what is not always there -------------------------------------------- */

const struct socket_extra socket_without_extra;

struct socket_extra *socket_extra(struct socket *socket)
{
    if (!socket->extra)
        socket->extra = memory_new(1, sizeof *socket->extra);
    return socket->extra;
}

void socket_trim(struct socket *socket)
{
    const struct socket_extra *extra = socket_peek(socket);
    if (socket->stream.is_waiting || extra->stream.rest ||
        !unsent_is_empty(&extra->stream.unsent) || extra->stream.counted ||
        extra->head || extra->exchange || extra->request || extra->opening ||
        extra->admission || extra->place.list || extra->pong)
        return;
    free(socket->extra);
    socket->extra = NULL;
}

/* ---- lists --------------------------------------------------------------- */

static void unlink_socket(struct socket *socket)
{
    struct socket_place *place = &socket->extra->place;
    if (place->previous)
        place->previous->extra->place.next = place->next;
    else
        place->list->first = place->next;
    if (place->next)
        place->next->extra->place.previous = place->previous;
    else
        place->list->last = place->previous;
    *place = (struct socket_place){0};
}

static void link_last(struct socket *socket, struct socket_list *list)
{
    socket_extra(socket)->place = (struct socket_place){
        .list = list,
        .previous = list->last,
        .since_ms = clock_steady_ms(),
    };
    if (list->last)
        list->last->extra->place.next = socket;
    else
        list->first = socket;
    list->last = socket;
}

void socket_move(struct socket *socket, struct socket_list *list)
{
    if (socket_peek(socket)->place.list)
        unlink_socket(socket);
    if (list)
        link_last(socket, list);
    else
        socket_trim(socket);
}

struct socket *socket_idle_since(const struct socket_list *list,
                                 uint64_t before_ms)
{
    struct socket *first = list->first;
    return first && first->extra->place.since_ms < before_ms ? first : NULL;
}

uint32_t socket_close_idle(struct socket_list *list, uint64_t before_ms,
                           uint32_t most)
{
    uint32_t closed = 0;
    struct socket *socket;
    while (closed < most && (socket = socket_idle_since(list, before_ms))) {
        socket_close(socket);
        closed++;
    }
    return closed;
}

/* ---- parked ones ---------------------------------------------------------
 *
 * To adopt and to close is dear in libwebsockets: a dozen system calls, and, in
 * Debian 12's build, a walk over all its sockets at each close. So a plain
 * socket that we close is not given up: its descriptor is made to name
 * something that never speaks, and the next connection takes its place. */

static void kill_now(struct lws *wsi)
{
    lws_set_timeout(wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC);
}

static bool can_park(const struct socket *socket)
{
    const struct reactor *reactor = socket->reactor;
    const struct descriptors *descriptors = &reactor->net->descriptors;
    return !reactor->net->tls && !socket->stream.wants_writable &&
           reactor->end == REACTOR_RUNS && !descriptors->are_short &&
           reactor->parked_count < descriptors->parked_max;
}

static int silence_of(struct reactor *reactor)
{
    if (reactor->silence_fd <= 0)
        reactor->silence_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return reactor->silence_fd;
}

/* The connection closes with its last descriptor. */
static bool park(struct socket *socket)
{
    struct reactor *reactor = socket->reactor;
    struct lws *wsi = socket->wsi;
    int fd = socket->fd;
    int silence = silence_of(reactor);
    if (silence < 0)
        return false;
    lws_rx_flow_control(wsi, 0);
    if (dup3(silence, fd, O_CLOEXEC) < 0)
        return false;
    socket_free(socket);
    reactor->parked[reactor->parked_count++] =
        (struct parked_socket){.wsi = wsi, .fd = fd};
    return true;
}

/* The descriptor's new number, or -1. */
static int unpark(struct reactor *reactor, int fd, struct lws **wsi)
{
    if (!reactor->parked_count)
        return -1;
    const struct parked_socket *parked =
        &reactor->parked[reactor->parked_count - 1];
    if (dup3(fd, parked->fd, O_CLOEXEC) < 0)
        return -1;
    close(fd);
    reactor->parked_count--;
    lws_rx_flow_control(parked->wsi, 1);
    *wsi = parked->wsi;
    return parked->fd;
}

void socket_release_parked(struct reactor *reactor)
{
    while (reactor->parked_count)
        kill_now(reactor->parked[--reactor->parked_count].wsi);
}

/* ---- life ---------------------------------------------------------------- */

/* A raw socket: libwebsockets moves bytes, with or without TLS, and Peal parses
 * them. */
static struct lws *adopt(struct reactor *reactor, enum listener_kind kind,
                         int fd)
{
    lws_sock_file_fd_type descriptor = {.sockfd = fd};
    lws_adoption_type how = LWS_ADOPT_SOCKET;
    if (kind == LISTENER_PUBLIC)
        how |= LWS_ADOPT_ALLOW_SSL;
    return lws_adopt_descriptor_vhost(reactor->lws_vhost, how, descriptor,
                                      "peal", NULL);
}

bool socket_has_tls(const struct socket *socket)
{
    return socket->reactor->net->tls && !socket_is_admin(socket);
}

static void count_socket(const struct socket *socket, int change)
{
    struct net *net = socket->reactor->net;
    struct metrics *metrics = &socket->reactor->worker.metrics;
    if (socket_is_admin(socket))
        net->admin_sockets += (uint32_t)change;
    else
        net->sockets += (uint32_t)change;
    metrics_add(metrics, METRIC_SOCKETS, change);
    metrics_add(metrics, METRIC_SOCKETS_PUBLIC + socket->listener, change);
}

struct socket *socket_adopt(struct reactor *reactor, enum listener_kind kind,
                            int fd, const struct ip_address *address)
{
    struct lws *wsi = NULL;
    int parked_fd = unpark(reactor, fd, &wsi);
    if (wsi)
        fd = parked_fd;
    else
        wsi = adopt(reactor, kind, fd);
    if (!wsi)
        return NULL; /* libwebsockets has closed it */
    struct net *net = reactor->net;
    struct socket *socket = memory_new(1, sizeof *socket);
    socket->reactor = reactor;
    socket->wsi = wsi;
    socket->fd = fd;
    socket->listener = (unsigned char)kind;
    socket->ip = ip_counts_enter(net->ip_counts, address);
    stream_init(&socket->stream, reactor->first_reader);
    enter_socket(reactor, socket);
    socket_move(socket, &reactor->fresh);
    lws_set_opaque_user_data(wsi, socket);
    count_socket(socket, 1);
    return socket;
}

void socket_close(struct socket *socket)
{
    if (socket->stream.is_put_off)
        stream_settle(socket->reactor);
    if (can_park(socket) && park(socket))
        return;
    kill_now(socket->wsi);
}

void socket_close_all(struct reactor *reactor)
{
    for (int fd = 0; fd < reactor->by_fd_count; fd++)
        if (reactor->by_fd[fd])
            socket_close(reactor->by_fd[fd]);
}

static void leave_net(struct socket *socket)
{
    struct net *net = socket->reactor->net;
    if (socket->is_counted)
        net->connections--;
    ip_counts_leave(net->ip_counts, socket->ip);
    count_socket(socket, -1);
}

void socket_free(struct socket *socket)
{
    lws_set_opaque_user_data(socket->wsi, NULL);
    leave_table(socket);
    socket_move(socket, NULL);
    stream_deinit(socket);
    socket->reactor->on_closed(socket);
    free(socket_peek(socket)->head);
    free(socket_peek(socket)->pong);
    leave_net(socket);
    free(socket->extra);
    free(socket);
}
