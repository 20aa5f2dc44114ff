/* pending_hooks: client requests that wait for the application's permission.
 *
 * A connection's waiting publishes form a queue: each proceeds when it is
 * answered and all earlier ones have proceeded, so that their order is kept.
 * The queue outlives its connection: messages sent before a client left are
 * still published.
 *
 * Owner:   takes the request.
 * Thread:  the connection's worker.
 * Limits:  publishes_max per queue.
 * Failure: pending_hooks_publish: FAULT_UNAVAILABLE if the queue is full; then
 *          the caller keeps the request.
 */
#ifndef PEAL_MESSAGING_PENDING_HOOKS_H
#define PEAL_MESSAGING_PENDING_HOOKS_H

#include "messaging/connection.h"
#include "messaging/request.h"

/* The request goes to the bus if allowed, and is answered with a fault
 * otherwise. */
void pending_hooks_subscribe(struct connection *connection,
                             struct request *request);

enum fault pending_hooks_publish(struct connection *connection,
                                 struct request *request);

/* Call when the connection ends. */
void pending_hooks_abandon(struct connection *connection);

#endif
