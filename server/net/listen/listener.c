#include "net/listen/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include "messaging/bans.h"
#include "net/listen/guests.h"
#include "net/listen/proxied.h"
#include "net/reactor.h"

enum {
    ACCEPTS_PER_TURN = 64,
    GUESTS_PER_TURN = GUESTS_MAX / 2, /* so that each gets a turn */
    PAUSE_MS = 20                     /* when there are no descriptors left */
};

struct listener {
    struct reactor *reactor;
    struct listener *next;    /* of the same reactor */
    struct loop_watch *watch; /* NULL until started */
    struct loop_timer *pause; /* while paused */
    enum listener_kind kind;
    bool is_copy; /* a duplicate of another one's descriptor */
    int fd;
    int spare_fd; /* released temporarily to answer when out of descriptors */
};

/* Descriptors are process-wide: while one listener releases its spare one, no
 * other may accept and take it. */
static pthread_rwlock_t spare_lock = PTHREAD_RWLOCK_INITIALIZER;

static int open_spare(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void on_pause_over(void *arg)
{
    struct listener *listener = arg;
    loop_timer_free(listener->pause);
    listener->pause = NULL;
    loop_watch_set(listener->watch, LOOP_READABLE);
}

static void rest(struct listener *listener)
{
    loop_watch_set(listener->watch, 0);
    if (!listener->pause)
        listener->pause = loop_timer_new(listener->reactor->loop, PAUSE_MS, 0,
                                         on_pause_over, listener);
}

void listener_rest(struct reactor *reactor, int fd)
{
    for (struct listener *listener = reactor->listeners; listener;
         listener = listener->next)
        if (listener->fd == fd)
            rest(listener);
}

/* Users of a Unix socket are on this machine. */
static struct ip_address peer_of(const struct listener *listener,
                                 const struct sockaddr *address)
{
    static const unsigned char loopback[] = {127, 0, 0, 1};
    return listener->kind == LISTENER_ADMIN_SOCKET
               ? ip_address_of_v4(loopback)
               : ip_address_of_socket(address);
}

/* Administration does not use the clients' proxies. */
static bool expects_proxy(const struct listener *listener)
{
    return listener->kind == LISTENER_PUBLIC &&
           listener->reactor->net->options.proxy_protocol;
}

/* Beyond the limit the socket is a guest. */
static void take(const struct listener *listener, int fd,
                 const struct sockaddr *address, bool is_guest)
{
    struct reactor *reactor = listener->reactor;
    struct ip_address peer = peer_of(listener, address);
    metrics_add(&reactor->worker.metrics,
                METRIC_ACCEPTED_PUBLIC + listener->kind, 1);
    if (expects_proxy(listener))
        proxied_add(reactor, fd, &peer, is_guest);
    else if (is_guest)
        guests_take(reactor, listener->kind, fd, &peer);
    else
        socket_adopt(reactor, listener->kind, fd, &peer);
}

/* ---- without descriptors ------------------------------------------------- */

static void release_parked(void *subject, void *object)
{
    (void)object;
    socket_release_parked(subject);
}

/* Frees the descriptors of parked sockets of all reactors. */
static void begin_shortage(struct net *net)
{
    if (atomic_exchange(&net->descriptors.are_short, true))
        return;
    for (uint32_t i = 0; i < net->options.workers; i++)
        inbox_post(&net->reactors[i]->worker.inbox,
                   (struct inbox_item){release_parked, net->reactors[i], NULL});
}

static void on_shortage(const struct listener *listener)
{
    struct net *net = listener->reactor->net;
    metrics_add(&listener->reactor->worker.metrics, METRIC_LIMIT_DESCRIPTORS,
                1);
    log_limited(LOG_ERROR, 1, "Out of file descriptors",
                LOG_NUMBER("allowed", net->descriptors.allowed),
                LOG_NUMBER("sockets", net->sockets),
                LOG_TEXT("hint", "raise the limit of open files"));
    begin_shortage(net);
}

/* Accepts with the spare descriptor, which the guest uses temporarily. */
static bool take_with_spare(struct listener *listener)
{
    struct sockaddr_storage from;
    socklen_t len = sizeof from;
    if (listener->spare_fd < 0)
        return false;
    pthread_rwlock_wrlock(&spare_lock);
    close(listener->spare_fd);
    int fd = accept4(listener->fd, (struct sockaddr *)&from, &len,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);
    listener->spare_fd = fd < 0 ? open_spare() : -1;
    pthread_rwlock_unlock(&spare_lock);
    if (fd >= 0)
        take(listener, fd, (struct sockaddr *)&from, true);
    return fd >= 0;
}

/* Even the reserved descriptors are used up. The waiting client would keep the
 * socket readable and the loop spinning: accepts one, and pauses for the
 * others. */
static void on_no_descriptors(struct listener *listener)
{
    descriptors_refresh(&listener->reactor->net->descriptors);
    on_shortage(listener);
    if (!take_with_spare(listener))
        guests_make_room(listener->reactor);
    rest(listener);
}

/* Checks bans before spending anything on the socket. A proxy's address is not
 * the client's, and administration must stay reachable to lift a ban. */
static bool is_banned(const struct listener *listener,
                      const struct sockaddr *address)
{
    const struct net *net = listener->reactor->net;
    struct ip_address peer = ip_address_of_socket(address);
    ban_reason reason;
    if (listener->kind != LISTENER_PUBLIC || net->options.proxy_protocol ||
        !bans_has_address(net->instance->bans, &peer, reason))
        return false;
    metrics_add(&listener->reactor->worker.metrics, METRIC_BANNED_SOCKETS, 1);
    return true;
}

/* Whether there is no room for an accepted socket. A parked one's descriptor
 * may take the place of its own. */
static bool is_too_many(const struct listener *listener, int fd)
{
    struct reactor *reactor = listener->reactor;
    struct net *net = reactor->net;
    bool is_public = listener->kind == LISTENER_PUBLIC;
    if (is_public ? net->sockets >= net->sockets_max
                  : net->admin_sockets >= ADMIN_SOCKETS_MAX) {
        metrics_add(&reactor->worker.metrics,
                    is_public ? METRIC_LIMIT_CONNECTIONS : METRIC_LIMIT_ADMIN,
                    1);
        return true;
    }
    bool has_room = !descriptors_is_kept(&net->descriptors, fd) &&
                    !descriptors_are_short(&net->descriptors);
    if (has_room || reactor->parked_count)
        return false;
    on_shortage(listener);
    return true;
}

static bool is_out_of_descriptors(int why)
{
    return why == EMFILE || why == ENFILE || why == ENOBUFS || why == ENOMEM;
}

/* A socket, or the negated errno. */
static int accept_one(struct listener *listener, struct sockaddr_storage *from)
{
    socklen_t len = sizeof *from;
    pthread_rwlock_rdlock(&spare_lock);
    int fd = accept4(listener->fd, (struct sockaddr *)from, &len,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);
    int result = fd < 0 ? -errno : fd;
    pthread_rwlock_unlock(&spare_lock);
    return result;
}

/* What is closed for a guest is free in the next turn at the earliest. */
static bool go_on_after(int why, unsigned guests)
{
    return why == ECONNABORTED || why == EINTR ||
           (!why && guests < GUESTS_PER_TURN);
}

static void on_readable(void *arg, unsigned events)
{
    (void)events;
    struct listener *listener = arg;
    unsigned guests = 0;
    int why = 0;
    if (listener->spare_fd < 0) /* its guest may be closed */
        listener->spare_fd = open_spare();
    for (int i = 0; i < ACCEPTS_PER_TURN && go_on_after(why, guests); i++) {
        struct sockaddr_storage address;
        int fd = accept_one(listener, &address);
        why = fd < 0 ? -fd : 0;
        if (!why && is_banned(listener, (struct sockaddr *)&address)) {
            close(fd);
            continue;
        }
        bool is_guest = !why && is_too_many(listener, fd);
        guests += is_guest;
        if (!why)
            take(listener, fd, (struct sockaddr *)&address, is_guest);
        if (is_out_of_descriptors(why))
            on_no_descriptors(listener);
    }
}

void listener_new(struct reactor *reactor, enum listener_kind kind, int fd,
                  bool is_copy)
{
    struct listener *listener = memory_new(1, sizeof *listener);
    listener->reactor = reactor;
    listener->kind = kind;
    listener->is_copy = is_copy;
    listener->fd = fd;
    listener->spare_fd = -1;
    listener->next = reactor->listeners;
    reactor->listeners = listener;
}

void listener_start_all(struct reactor *reactor)
{
    for (struct listener *listener = reactor->listeners; listener;
         listener = listener->next) {
        listener->spare_fd = open_spare();
        listener->watch = loop_watch_new(reactor->loop, listener->fd,
                                         LOOP_READABLE, on_readable, listener);
        PANIC_IF(!listener->watch);
    }
}

uint32_t listener_count(const struct reactor *reactor)
{
    uint32_t count = 0;
    for (const struct listener *listener = reactor->listeners; listener;
         listener = listener->next)
        count++;
    return count;
}

uint32_t listener_list(const struct reactor *reactor,
                       struct listen_socket *sockets)
{
    uint32_t count = 0;
    for (const struct listener *listener = reactor->listeners; listener;
         listener = listener->next)
        if (!listener->is_copy)
            sockets[count++] =
                (struct listen_socket){listener->kind, listener->fd};
    return count;
}

static void free_one(struct listener *listener)
{
    loop_timer_free(listener->pause);
    loop_watch_free(listener->watch);
    close(listener->fd);
    if (listener->spare_fd >= 0)
        close(listener->spare_fd);
    free(listener);
}

static void free_from(struct reactor *reactor, bool is_public_only)
{
    struct listener **at = &reactor->listeners;
    while (*at) {
        struct listener *listener = *at;
        if (is_public_only && listener->kind != LISTENER_PUBLIC) {
            at = &listener->next;
            continue;
        }
        *at = listener->next;
        free_one(listener);
    }
}

void listener_free_public(struct reactor *reactor)
{
    free_from(reactor, true);
}

void listener_free_all(struct reactor *reactor)
{
    free_from(reactor, false);
}
