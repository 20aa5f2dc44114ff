/* reactor_run: a reactor's thread: its work per turn and per second, its start
 * and its end.
 *
 * Owner:   struct net owns the reactors.
 * Thread:  reactor_new, reactor_start and reactor_free from the main thread;
 *          reactor_stop from any.
 * Limits:  sockets and their idle time; see socket.h.
 * Failure: reactor_new returns NULL if libwebsockets cannot be set up.
 */
#ifndef PEAL_NET_REACTOR_RUN_H
#define PEAL_NET_REACTOR_RUN_H

#include "net/reactor.h"

struct reactor *reactor_new(struct net *net, unsigned index);

void reactor_start(struct reactor *reactor);

/* Ends the thread as soon as possible. */
void reactor_stop(struct reactor *reactor);

/* Waits for the thread. The bus may still post, and wake the loop. */
void reactor_join(struct reactor *reactor);

/* Closes what the thread left open. Call once all threads are joined and the
 * bus has stopped: later posts do not wake anything. */
void reactor_finish(struct reactor *reactor);

/* Runs posted work; returns whether there was any. Call once all reactors are
 * finished. */
bool reactor_drain_inbox(struct reactor *reactor);

/* Call once all reactors are finished and all inboxes are empty, because an
 * item of one inbox may post to another. */
void reactor_free(struct reactor *reactor);

#endif
