/* turn: the work of a worker at the end of each turn of its loop, and once a
 * second.
 *
 * Owner:   the caller owns the worker: the thread's reactor (net/), or a test.
 * Thread:  the worker's own.
 * Limits:  one turn handles a bounded part of the waiting work; the next turns
 *          handle the rest.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_TURN_H
#define PEAL_MESSAGING_TURN_H

#include "messaging/worker.h"

/* `wake` must wake the thread; it is called from any thread. */
void worker_init(struct worker *worker, const struct instance *instance,
                 unsigned index, void (*wake)(void *arg), void *arg);

/* Call after its last connection was freed. */
void worker_deinit(struct worker *worker);

/* Ends a turn of the loop: runs the inbox, sends gathered messages within the
 * limits of a turn, starts requested closings. */
void worker_turn(struct worker *worker);

/* Whether work is left, so that the loop must not sleep. */
bool worker_is_behind(const struct worker *worker);

/* Call once a second: pings, lost connections, expired tokens. */
void worker_tick(struct worker *worker);

/* Asks up to `count` connections to close; returns how many were asked. */
uint32_t worker_close_some(struct worker *worker, uint32_t count,
                           enum close_reason reason);

#endif
