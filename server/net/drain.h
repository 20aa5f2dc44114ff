/* drain: a reactor ends slowly: no new connections, and the open ones are
 * closed bit by bit over drain_seconds.
 *
 * Owner:   the reactor.
 * Thread:  drain_begin from any; the rest is the reactor's.
 * Limits:  drain_seconds, and five more for closing handshakes and outboxes.
 * Failure: none; what is left then is closed.
 */
#ifndef PEAL_NET_DRAIN_H
#define PEAL_NET_DRAIN_H

struct reactor;

/* Starts closing; the thread ends by itself. */
void drain_begin(struct reactor *reactor);

#endif
