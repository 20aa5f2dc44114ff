#include "net/listen/guests.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "net/reactor.h"

enum { READS_MAX = 16 }; /* a client may send endlessly */

struct guest {
    struct socket *socket;
    uint64_t since_ms;
};

/* Oldest first. */
struct guests {
    struct guest list[GUESTS_MAX];
    unsigned count;
};

/* Reads the client's bytes first, because closing with unread data would reset
 * the connection and lose the response. */
static void say_full(int fd)
{
    static const char full[] =
        "HTTP/1.1 503 Service Unavailable\r\n"
        "Content-Type: application/json\r\nContent-Length: 16\r\n"
        "Retry-After: 5\r\nConnection: close\r\n\r\n{\"error\":\"Full\"}";
    char request[4096];
    for (int i = 0; i < READS_MAX; i++)
        if (recv(fd, request, sizeof request, MSG_DONTWAIT) <= 0)
            break;
    (void)!send(fd, full, sizeof full - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void guests_turn_away(const struct reactor *reactor, int fd)
{
    if (!reactor->net->tls)
        say_full(fd);
    close(fd);
}

static void let_oldest_go(struct reactor *reactor)
{
    struct socket *oldest = reactor->guests->list[0].socket;
    /* already answered: only close */
    if (!socket_has_tls(oldest) && oldest->stream.end == STREAM_OPEN)
        say_full(oldest->fd);
    socket_close(oldest);
}

void guests_take(struct reactor *reactor, enum listener_kind kind, int fd,
                 const struct ip_address *address)
{
    if (!reactor->guests)
        reactor->guests = memory_new(1, sizeof *reactor->guests);
    struct guests *guests = reactor->guests;
    if (guests->count == GUESTS_MAX)
        let_oldest_go(reactor);
    struct socket *socket = socket_adopt(reactor, kind, fd, address);
    if (!socket)
        return;
    socket->is_guest = true;
    guests->list[guests->count++] = (struct guest){socket, clock_steady_ms()};
}

void guests_leave(const struct socket *socket)
{
    if (!socket->is_guest)
        return;
    struct guests *guests = socket->reactor->guests;
    unsigned at = 0;
    while (guests->list[at].socket != socket)
        at++;
    guests->count--;
    memmove(&guests->list[at], &guests->list[at + 1],
            (guests->count - at) * sizeof *guests->list);
}

/* Closes those whose time is over. */
static void let_go_after(struct reactor *reactor, uint64_t most_ms)
{
    const struct guests *guests = reactor->guests;
    uint64_t now = clock_steady_ms();
    while (guests && guests->count &&
           clock_elapsed(now, guests->list[0].since_ms) > most_ms)
        let_oldest_go(reactor);
}

void guests_make_room(struct reactor *reactor)
{
    let_go_after(reactor, GUEST_LEAST_MS);
}

void guests_tick(struct reactor *reactor)
{
    let_go_after(reactor, GUEST_SECONDS * 1000);
}
