/* operation_request: requests to the bus in the name of a connection: the check
 * before, and the answer.
 *
 * Owner:   operation_submit takes the request.
 * Thread:  the connection's worker.
 * Limits:  none.
 * Failure: as a fault. An answer is dropped if the connection has closed.
 */
#ifndef PEAL_MESSAGING_OPERATION_REQUEST_H
#define PEAL_MESSAGING_OPERATION_REQUEST_H

#include "messaging/identity.h"
#include "messaging/request.h"

struct connection;
struct worker;

/* Whether the channel name is valid and the connection has the right. */
enum fault operation_check(const struct connection *connection,
                           enum capability what, struct bytes channel);

/* Makes the connection the one that is answered. Returns the request. */
struct request *operation_request_of(struct connection *connection,
                                     struct request *request);

struct request *operation_request_new(struct connection *connection,
                                      enum request_kind kind,
                                      struct bytes channel, struct bytes id);

void operation_submit(struct connection *connection, struct request *request,
                      void (*done)(struct worker *, struct request *));

/* For `done`: gives the answer to the protocol. */
void operation_answer(struct worker *worker, struct request *request);

/* The same for a connection that is known to be open. */
void operation_give_answer(struct connection *connection,
                           struct request *request);

#endif
