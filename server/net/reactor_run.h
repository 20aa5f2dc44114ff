/* reactor_run: a reactor's thread: what it does each turn and each second, its
 * start and its end.
 *
 * Owner:   struct net owns the reactors.
 * Thread:  reactor_new, reactor_start and reactor_free from the main thread;
 *          reactor_stop from any.
 * Limits:  sockets and their idle time; see socket.h.
 * Failure: reactor_new returns NULL when libwebsockets cannot be set up.
 */
#ifndef PEAL_NET_REACTOR_RUN_H
#define PEAL_NET_REACTOR_RUN_H

#include "net/reactor.h"

struct reactor *reactor_new(struct net *net, unsigned index);

void reactor_start(struct reactor *reactor);

/* Ends the thread as soon as may be. */
void reactor_stop(struct reactor *reactor);

/* Waits for the thread. The bus may still post, and wake the loop. */
void reactor_join(struct reactor *reactor);

/* Closes what the thread left, once all are joined and the bus has stopped:
 * posts wake nobody from here on. */
void reactor_finish(struct reactor *reactor);

/* Runs what was posted; whether there was anything. Once all are finished. */
bool reactor_drain_inbox(struct reactor *reactor);

/* Once all are finished and all inboxes are empty: what one inbox holds may
 * post to another. */
void reactor_free(struct reactor *reactor);

#endif
