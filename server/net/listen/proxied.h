/* proxied: sockets waiting for their PROXY header. Exactly the header is read
 * from the socket, so that the data after it stays for the next reader.
 *
 * Owner:   the reactor has the list; complete sockets are passed to
 *          socket_adopt.
 * Thread:  the reactor's.
 * Limits:  the whole header within limits.handshake_seconds; counted like any
 *          socket.
 * Failure: a socket with a missing or invalid header, or from an untrusted
 *          address if that is configured, is closed and counted.
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

/* Closes sockets waiting since before `before_ms`; returns their number. */
uint32_t proxied_close_idle(struct reactor *reactor, uint64_t before_ms);

#endif
