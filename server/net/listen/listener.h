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
 * Limits:  net->sockets_max for clients, ADMIN_SOCKETS_MAX for administration,
 *          and descriptors: the last few are kept for guests (guests.h), so
 *          that a full server can still say so.
 * Failure: none.
 */
#ifndef PEAL_NET_LISTENER_H
#define PEAL_NET_LISTENER_H

#include <stdint.h>

#include "net/listen/listen_socket.h"

struct reactor;

/* Takes the descriptor for that reactor. `is_copy`: another one stands for the
 * same socket. */
void listener_new(struct reactor *reactor, enum listener_kind kind, int fd,
                  bool is_copy);

/* Sockets go to socket_adopt from now on. */
void listener_start_all(struct reactor *reactor);

/* Tries again a little later, if that descriptor is a listener's. */
void listener_rest(struct reactor *reactor, int fd);

uint32_t listener_count(const struct reactor *reactor);

/* The sockets, to hand over; how many. */
uint32_t listener_list(const struct reactor *reactor,
                       struct listen_socket *sockets);

/* No more clients; administration goes on. */
void listener_free_public(struct reactor *reactor);

void listener_free_all(struct reactor *reactor);

#endif
