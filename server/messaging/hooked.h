/* hooked: what a client asks for, waiting for the application's leave.
 *
 * A connection's publishes that wait stand in a line: each goes on when it is
 * answered and everything before it has gone, so that none overtakes another.
 * The line outlives its connection: what a client sent before it left is
 * published.
 *
 * Owner:   takes the request.
 * Thread:  the connection's worker.
 * Limits:  publishes_max in one line.
 * Failure: hooked_publish: FAULT_UNAVAILABLE when the line is too long; then
 *          the request stays the caller's.
 */
#ifndef PEAL_MESSAGING_HOOKED_H
#define PEAL_MESSAGING_HOOKED_H

#include "messaging/connection.h"
#include "messaging/request.h"

/* The request goes to the bus when it is allowed, and is answered with a fault
 * when not. */
void hooked_subscribe(struct connection *connection, struct request *request);

enum fault hooked_publish(struct connection *connection,
                          struct request *request);

/* The connection goes. */
void hooked_abandon(struct connection *connection);

#endif
