#include "net/listen/proxied.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include "net/listen/guests.h"
#include "net/listen/proxy_header.h"
#include "net/peer/trusted_proxies.h"
#include "net/reactor.h"

struct proxied {
    struct reactor *reactor;
    struct loop_watch *watch;
    struct proxied *next;
    struct proxied *previous;
    uint64_t since_ms;
    int fd;
    bool is_guest;
    struct ip_address peer;
    struct buffer seen; /* of the header, and taken from the socket */
};

static void link_last(struct proxied *proxied)
{
    struct proxied_list *list = &proxied->reactor->proxied;
    proxied->previous = list->last;
    if (list->last)
        list->last->next = proxied;
    else
        list->first = proxied;
    list->last = proxied;
    list->guests += proxied->is_guest;
}

static void unlink_one(struct proxied *proxied)
{
    struct proxied_list *list = &proxied->reactor->proxied;
    if (proxied->previous)
        proxied->previous->next = proxied->next;
    else
        list->first = proxied->next;
    if (proxied->next)
        proxied->next->previous = proxied->previous;
    else
        list->last = proxied->previous;
    list->guests -= proxied->is_guest;
}

/* Its descriptor stays open. */
static void let_go(struct proxied *proxied)
{
    unlink_one(proxied);
    loop_watch_free(proxied->watch);
    buffer_deinit(&proxied->seen);
    proxied->reactor->net->sockets--;
    free(proxied);
}

static void close_one(struct proxied *proxied)
{
    int fd = proxied->fd;
    let_go(proxied);
    close(fd);
}

static void log_refusal(struct reactor *reactor, const struct ip_address *peer,
                        const char *reason)
{
    char address[IP_ADDRESS_TEXT];
    ip_address_print(peer, address);
    metrics_add(&reactor->worker.metrics, METRIC_PROXY_REFUSED, 1);
    log_limited(LOG_WARN, 1, "PROXY header refused",
                LOG_TEXT("address", address), LOG_TEXT("reason", reason));
}

/* The number of available bytes that belong to the header. */
static size_t count_own(const struct proxied *proxied, size_t there,
                        enum proxy_header_state state,
                        const struct proxy_header *header)
{
    return state == PROXY_HEADER_GOOD ? header->len - proxied->seen.len : there;
}

static void on_whole(struct proxied *proxied, const struct proxy_header *header)
{
    struct reactor *reactor = proxied->reactor;
    struct ip_address address =
        header->has_address ? header->address : proxied->peer;
    int fd = proxied->fd;
    bool is_guest = proxied->is_guest;
    let_go(proxied);
    if (is_guest)
        guests_take(reactor, LISTENER_PUBLIC, fd, &address);
    else
        socket_adopt(reactor, LISTENER_PUBLIC, fd, &address);
}

/* Peeks at the received data, and then reads only the header. */
static void on_bytes(struct proxied *proxied, char *data, size_t len)
{
    struct buffer whole = {0};
    struct proxy_header header;
    buffer_append(&whole, buffer_bytes(&proxied->seen));
    buffer_append(&whole, (struct bytes){data, len});
    enum proxy_header_state state =
        proxy_header_read(buffer_bytes(&whole), &header);
    buffer_deinit(&whole);
    size_t own = count_own(proxied, len, state, &header);
    if (recv(proxied->fd, data, own, MSG_DONTWAIT) != (ssize_t)own) {
        close_one(proxied);
    } else if (state == PROXY_HEADER_GOOD) {
        on_whole(proxied, &header);
    } else if (state == PROXY_HEADER_PARTIAL) {
        buffer_append(&proxied->seen, (struct bytes){data, own});
    } else {
        log_refusal(proxied->reactor, &proxied->peer, "malformed");
        close_one(proxied);
    }
}

static void on_readable(void *arg, unsigned events)
{
    (void)events;
    struct proxied *proxied = arg;
    char data[PROXY_HEADER_MAX];
    ssize_t len = recv(proxied->fd, data, sizeof data, MSG_PEEK | MSG_DONTWAIT);
    bool must_wait = len < 0 && (errno == EAGAIN || errno == EINTR);
    if (len > 0)
        on_bytes(proxied, data, (size_t)len);
    else if (!must_wait)
        close_one(proxied); /* health checks do that */
}

void proxied_add(struct reactor *reactor, int fd, const struct ip_address *peer,
                 bool is_guest)
{
    const struct trusted_proxies *trusted = reactor->net->trusted_proxies;
    if (trusted_proxies_any(trusted) && !trusted_proxies_has(trusted, peer)) {
        log_refusal(reactor, peer, "not a trusted proxy");
        close(fd);
        return;
    }
    if (is_guest && reactor->proxied.guests == GUESTS_MAX) {
        guests_turn_away(reactor, fd);
        return;
    }
    struct proxied *proxied = memory_new(1, sizeof *proxied);
    proxied->reactor = reactor;
    proxied->fd = fd;
    proxied->is_guest = is_guest;
    proxied->peer = *peer;
    proxied->since_ms = clock_steady_ms();
    proxied->watch =
        loop_watch_new(reactor->loop, fd, LOOP_READABLE, on_readable, proxied);
    PANIC_IF(!proxied->watch);
    reactor->net->sockets++;
    link_last(proxied);
}

uint32_t proxied_close_idle(struct reactor *reactor, uint64_t before_ms)
{
    uint32_t closed = 0;
    while (reactor->proxied.first &&
           reactor->proxied.first->since_ms < before_ms) {
        close_one(reactor->proxied.first);
        closed++;
    }
    return closed;
}
