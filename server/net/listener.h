/* listener: a listening socket of our own, of which a reactor has one or more;
 * the reactors share the port (SO_REUSEPORT).
 *
 * libwebsockets 4.1 can neither share a port nor survive running out of
 * descriptors; so we accept, and hand it the sockets.
 *
 * Owner:   the reactor, which has them in a list.
 * Thread:  listener_new and listener_list from the main one, before the
 *          reactor's has begun to close them; the rest from the reactor's, and
 *          listener_free_all also where that never started.
 * Limits:  net->sockets_max, and descriptors: one is kept in reserve, so
 *          that a full server can still say so.
 * Failure: none.
 */
#ifndef PEAL_NET_LISTENER_H
#define PEAL_NET_LISTENER_H

#include <stdint.h>

struct reactor;

/* Takes the descriptor (see listen_socket.h) for that reactor. */
void listener_new(struct reactor *reactor, int fd);

/* Sockets go to reactor_adopt from now on. */
void listener_start_all(struct reactor *reactor);

/* Tries again a little later, if that descriptor is a listener's. */
void listener_rest(struct reactor *reactor, int fd);

/* The descriptors, to hand over; how many. */
uint32_t listener_list(const struct reactor *reactor, int *fds);

void listener_free_all(struct reactor *reactor);

#endif
