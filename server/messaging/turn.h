/* turn: what a worker does at the end of each turn of its loop, and once a
 * second.
 *
 * Owner:   the caller owns the worker: the thread's reactor (net/), or a test.
 * Thread:  the worker's own.
 * Limits:  one turn serves a bounded part of what waits; the rest is served
 *          by the next turns.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_TURN_H
#define PEAL_MESSAGING_TURN_H

#include "messaging/worker.h"

/* `wake` must end the thread's sleep; it is called from any thread. */
void worker_init(struct worker *worker, const struct instance *instance,
                 unsigned index, void (*wake)(void *arg), void *arg);

/* After its last connection was freed. */
void worker_deinit(struct worker *worker);

/* The end of a loop's turn: runs the inbox, sends what was gathered, as far as
 * one turn goes, starts the closings that were asked for. */
void worker_turn(struct worker *worker);

/* Whether something is left to send: the loop must not sleep. */
bool worker_is_behind(const struct worker *worker);

/* Once a second: pings, lost connections, expired tokens. */
void worker_tick(struct worker *worker);

/* Asks up to `count` connections to close; how many were asked. */
uint32_t worker_close_some(struct worker *worker, uint32_t count,
                           enum close_reason reason);

#endif
