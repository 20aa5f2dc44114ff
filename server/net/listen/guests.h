/* guests: sockets accepted although the server is full: beyond
 * net->sockets_max, or with one of the last descriptors. A guest may request
 * /health, /ready and /metrics, so that a full server does not look dead; other
 * requests get 503. Then it is closed.
 *
 * Owner:   the reactor; each guest is also an ordinary socket.
 * Thread:  the reactor's.
 * Limits:  GUESTS_MAX per reactor; a new guest replaces the oldest, and each is
 *          closed after GUEST_SECONDS.
 * Failure: a guest closed before its request gets a 503, but not over TLS,
 *          where that would cost a handshake.
 */
#ifndef PEAL_NET_GUESTS_H
#define PEAL_NET_GUESTS_H

#include "base/ip_address.h"
#include "net/listen/listen_socket.h"

enum {
    GUEST_SECONDS = 2,
    GUEST_LEAST_MS = 200 /* lifetime while others wait */
};

struct reactor;
struct socket;

/* Takes an accepted descriptor, or closes it. */
void guests_take(struct reactor *reactor, enum listener_kind kind, int fd,
                 const struct ip_address *address);

/* Answers 503 and closes: there is no room even for a guest of the public
 * listener. */
void guests_turn_away(const struct reactor *reactor, int fd);

/* Closes the oldest guest if its time is over; call outside libwebsockets'
 * events. */
void guests_make_room(struct reactor *reactor);

/* Call when a socket is being closed; ignored if it is not a guest. */
void guests_leave(const struct socket *socket);

/* Call once a second. */
void guests_tick(struct reactor *reactor);

#endif
