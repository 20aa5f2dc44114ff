/* drain: ends a reactor gradually: no new connections, and open ones are closed
 * over drain_seconds.
 *
 * Owner:   the reactor.
 * Thread:  drain_begin from any; the rest on the reactor's.
 * Limits:  drain_seconds, and five more for closing handshakes and outboxes.
 * Failure: none; remaining sockets are then closed.
 */
#ifndef PEAL_NET_DRAIN_H
#define PEAL_NET_DRAIN_H

struct reactor;

/* Starts draining; the thread then ends by itself. */
void drain_begin(struct reactor *reactor);

#endif
