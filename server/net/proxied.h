/* proxied: sockets whose first bytes are a PROXY header that is still to come.
 * It is read byte for byte from the socket, so that what follows it stays for
 * whoever reads then.
 *
 * Owner:   the reactor has the list; a socket leaves it for reactor_adopt.
 * Thread:  the reactor's.
 * Limits:  the whole header within limits.handshake_seconds; counted like any
 *          socket.
 * Failure: a socket without a good header, or from somebody who is not trusted
 *          where that is configured, is closed and counted.
 */
#ifndef PEAL_NET_PROXIED_H
#define PEAL_NET_PROXIED_H

#include <stdint.h>

#include "base/ip_address.h"

struct proxied;
struct reactor;

/* In the order of their time. */
struct proxied_list {
    struct proxied *first;
    struct proxied *last;
};

/* Takes an accepted socket. */
void proxied_add(struct reactor *reactor, int fd,
                 const struct ip_address *peer);

/* Closes what has waited since before `before_ms`; how many. */
uint32_t proxied_close_idle(struct reactor *reactor, uint64_t before_ms);

#endif
