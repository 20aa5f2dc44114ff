/* guests: sockets accepted although the server is full: beyond
 * net->sockets_max, or with one of the last descriptors. A guest may ask for
 * /health, /ready and /metrics, so that a full server does not look dead; any
 * other request is answered 503. Then it is closed.
 *
 * Owner:   the reactor; each guest is also an ordinary socket.
 * Thread:  the reactor's.
 * Limits:  GUESTS_MAX of a reactor; the oldest leaves for the next one, and
 *          each leaves after GUEST_SECONDS.
 * Failure: a guest that leaves without having asked anything gets a 503, but
 *          not over TLS, where that would cost a handshake.
 */
#ifndef PEAL_NET_GUESTS_H
#define PEAL_NET_GUESTS_H

#include "base/ip_address.h"
#include "net/listen/listen_socket.h"

enum {
    GUEST_SECONDS = 2,
    GUEST_LEAST_MS = 200 /* to say something, where nobody else could */
};

struct reactor;
struct socket;

/* Takes an accepted descriptor, or closes it. */
void guests_take(struct reactor *reactor, enum listener_kind kind, int fd,
                 const struct ip_address *address);

/* There is no room even for a guest of the public listener: answers 503 and
 * closes. */
void guests_turn_away(const struct reactor *reactor, int fd);

/* The oldest one leaves if it has had its time; from outside libwebsockets'
 * events. */
void guests_make_room(struct reactor *reactor);

/* The socket is being closed; one that is no guest is ignored. */
void guests_leave(const struct socket *socket);

/* Once a second. */
void guests_tick(struct reactor *reactor);

#endif
