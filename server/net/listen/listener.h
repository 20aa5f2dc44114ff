/* listener: a listening socket, of which a reactor has one or more; the
 * reactors share the port (SO_REUSEPORT).
 *
 * libwebsockets 4.1 can neither share a port nor survive running out of
 * descriptors, so Peal accepts sockets itself and passes them on.
 *
 * Owner:   the reactor, which keeps a list.
 * Thread:  listener_new and listener_list from the main thread, before the
 *          reactor begins to close them; the rest from the reactor's;
 *          listener_free_all also if that thread never started.
 * Limits:  net->sockets_max for clients, ADMIN_SOCKETS_MAX for administration,
 *          and descriptors: the last few are reserved for guests (guests.h), so
 *          that a full server can still respond.
 * Failure: none.
 */
#ifndef PEAL_NET_LISTENER_H
#define PEAL_NET_LISTENER_H

#include <stdint.h>

#include "net/listen/listen_socket.h"

struct reactor;

/* Takes the descriptor for the reactor. `is_copy`: a duplicate of another
 * listener's descriptor. */
void listener_new(struct reactor *reactor, enum listener_kind kind, int fd,
                  bool is_copy);

/* Starts accepting; sockets go to socket_adopt. */
void listener_start_all(struct reactor *reactor);

/* Retries a little later, if the descriptor belongs to a listener. */
void listener_rest(struct reactor *reactor, int fd);

uint32_t listener_count(const struct reactor *reactor);

/* Lists the sockets, to pass them on; returns their number. */
uint32_t listener_list(const struct reactor *reactor,
                       struct listen_socket *sockets);

/* Stops accepting clients; administration continues. */
void listener_free_public(struct reactor *reactor);

void listener_free_all(struct reactor *reactor);

#endif
