#include "net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include "net/reactor.h"

enum {
    ACCEPTS_PER_TURN = 64,
    READS_MAX = 16, /* of one who is turned away: he may go on for ever */
    PAUSE_MS = 100  /* when there are no descriptors left */
};

struct listener {
    struct reactor *reactor;
    struct listener *next;    /* of the same reactor */
    struct loop_watch *watch; /* NULL until started */
    struct loop_timer *pause; /* while paused */
    int fd;
    int spare_fd; /* given up for a moment to answer when out of them */
};

/* Descriptors are the process's: while one listener lets go of its spare one,
 * no other may accept and take it. */
static pthread_rwlock_t spare_lock = PTHREAD_RWLOCK_INITIALIZER;

static int open_spare(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Says 503 to a socket that will not be served; over TLS that would cost a
 * handshake. What the client has sent is read first: closing with unread data
 * would reset the answer away. */
static void turn_away(const struct listener *listener, int fd)
{
    static const char full[] =
        "HTTP/1.1 503 Service Unavailable\r\n"
        "Content-Type: application/json\r\nContent-Length: 16\r\n"
        "Retry-After: 5\r\nConnection: close\r\n\r\n{\"error\":\"Full\"}";
    char request[4096];
    for (int i = 0; i < READS_MAX; i++)
        if (recv(fd, request, sizeof request, MSG_DONTWAIT) <= 0)
            break;
    if (!listener->reactor->net->tls)
        (void)!send(fd, full, sizeof full - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    close(fd);
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

/* Accepts with the spare descriptor and says 503. */
static void turn_one_away(struct listener *listener)
{
    pthread_rwlock_wrlock(&spare_lock);
    if (listener->spare_fd >= 0)
        close(listener->spare_fd);
    int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0)
        turn_away(listener, fd);
    listener->spare_fd = open_spare();
    pthread_rwlock_unlock(&spare_lock);
}

/* Out of descriptors the waiting client would keep the socket readable, and
 * us spinning: it is told, and the rest wait a little. */
static void on_no_descriptors(struct listener *listener)
{
    metrics_add(&listener->reactor->worker.metrics, METRIC_LIMIT_DESCRIPTORS,
                1);
    log_limited(LOG_ERROR, 1, "Out of file descriptors",
                LOG_TEXT("hint", "raise the limit of open files"));
    turn_one_away(listener);
    rest(listener);
}

static void on_accepted(struct listener *listener, int fd,
                        const struct sockaddr *address)
{
    struct net *net = listener->reactor->net;
    if (net->sockets < net->sockets_max) {
        struct ip_address peer = ip_address_of_socket(address);
        if (net->options.proxy_protocol)
            proxied_add(listener->reactor, fd, &peer);
        else
            reactor_adopt(listener->reactor, fd, &peer);
        return;
    }
    metrics_add(&listener->reactor->worker.metrics, METRIC_LIMIT_CONNECTIONS,
                1);
    turn_away(listener, fd);
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

static void on_readable(void *arg, unsigned events)
{
    (void)events;
    struct listener *listener = arg;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        struct sockaddr_storage address;
        int fd = accept_one(listener, &address);
        if (fd >= 0) {
            on_accepted(listener, fd, (struct sockaddr *)&address);
            continue;
        }
        if (is_out_of_descriptors(-fd))
            on_no_descriptors(listener);
        if (fd != -ECONNABORTED && fd != -EINTR)
            return;
    }
}

void listener_new(struct reactor *reactor, int fd)
{
    struct listener *listener = memory_new(1, sizeof *listener);
    listener->reactor = reactor;
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

uint32_t listener_list(const struct reactor *reactor, int *fds)
{
    uint32_t count = 0;
    for (const struct listener *listener = reactor->listeners; listener;
         listener = listener->next)
        fds[count++] = listener->fd;
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

void listener_free_all(struct reactor *reactor)
{
    while (reactor->listeners) {
        struct listener *listener = reactor->listeners;
        reactor->listeners = listener->next;
        free_one(listener);
    }
}
