/* proxied: sockets whose first bytes are a PROXY header that is still to come.
 * It is read byte for byte from the socket, so that what follows it stays for
 * whoever reads then.
 *
 * Owner:   the reactor has the list; a socket leaves it for socket_adopt.
 * Thread:  the reactor's.
 * Limits:  the whole header within limits.handshake_seconds; counted like any
 *          socket.
 * Failure: a socket without a good header, or from somebody who is not trusted
 *          where that is configured, is closed and counted.
 */
#ifndef PEAL_NET_PROXIED_H
#define PEAL_NET_PROXIED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip_address.h"

struct proxied;
struct reactor;

/* Takes an accepted socket; a guest is one beyond the limit (guests.h). */
void proxied_add(struct reactor *reactor, int fd, const struct ip_address *peer,
                 bool is_guest);

/* Closes what has waited since before `before_ms`; how many. */
uint32_t proxied_close_idle(struct reactor *reactor, uint64_t before_ms);

#endif
