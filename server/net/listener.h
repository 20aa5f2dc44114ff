/* listener: a listening socket of our own, shared by port with the other
 * reactors' (SO_REUSEPORT).
 *
 * libwebsockets 4.1 can neither share a port nor survive running out of
 * descriptors; so we accept, and hand it the sockets.
 *
 * Owner:   the reactor.
 * Thread:  listener_bind and listener_unbind from any; the rest from the
 *          reactor's.
 * Limits:  net->sockets_max, and descriptors: one is kept in reserve, so
 *          that a full server can still say so.
 * Failure: listener_bind says why.
 */
#ifndef PEAL_NET_LISTENER_H
#define PEAL_NET_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct listener;
struct reactor;

/* Whether nobody else listens there: SO_REUSEPORT would share the port with
 * another process without a word. */
bool listener_port_is_free(const char *host, uint32_t port,
                           struct error *error);

/* A bound, listening descriptor, or -1 and why. `port` 0 is set to the one
 * picked. */
int listener_bind(const char *host, uint32_t *port, struct error *error);

/* Takes the descriptor; sockets go to reactor_adopt from now on. */
struct listener *listener_new(struct reactor *reactor, int fd);

/* NULL is ignored. */
void listener_free(struct listener *listener);

#endif
