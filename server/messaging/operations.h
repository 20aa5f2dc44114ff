/* operations: client operations. Each checks name, capability and limit, and
 * then asks the bus; the answer reaches the protocol's on_answer.
 *
 * Owner:   texts are borrowed for the call.
 * Thread:  the connection's worker.
 * Limits:  channels per connection; the bus has further ones.
 * Failure: a fault other than FAULT_NONE means that nothing was started and no
 *          answer will follow.
 */
#ifndef PEAL_MESSAGING_OPERATIONS_H
#define PEAL_MESSAGING_OPERATIONS_H

#include "messaging/connection.h"
#include "messaging/request.h"

/* `since` is NULL for messages from now on only. */
enum fault operation_subscribe(struct connection *connection,
                               struct bytes channel,
                               const struct position *since, struct bytes id);

/* The same; the answered request carries the follow-up. */
enum fault operation_subscribe_and(struct connection *connection,
                                   struct bytes channel,
                                   const struct position *since,
                                   const struct follow_up *follow_up,
                                   struct bytes id);

/* Takes effect immediately. */
enum fault operation_unsubscribe(struct connection *connection,
                                 struct bytes channel);

/* A client's message; all borrowed. */
struct utterance {
    struct bytes payload; /* JSON */
    struct bytes event;   /* a valid one, or empty */
    struct bytes trace;   /* from trace_read */
    struct bytes info;    /* always sent, or empty */
    struct bytes key;     /* idempotency key, a valid one, or empty */
};

enum fault operation_publish(struct connection *connection,
                             struct bytes channel,
                             const struct utterance *utterance,
                             struct bytes id);

/* The newest `limit` messages. */
enum fault operation_history(struct connection *connection,
                             struct bytes channel, uint32_t limit,
                             struct bytes id);

/* At most `limit` of its members; the answer always has their number. */
enum fault operation_presence(struct connection *connection,
                              struct bytes channel, uint32_t limit,
                              struct bytes id);

/* All of them in one answer, in its place between those who come and leave. */
enum fault operation_presence_whole(struct connection *connection,
                                    struct bytes channel, struct bytes id);

/* To all connections of the client `to`. */
enum fault operation_direct(struct connection *connection, struct bytes to,
                            const struct utterance *utterance, struct bytes id);

/* The reports of all instances; for administrators. */
void operation_instances(struct connection *connection);

/* Applies the capabilities of a new token immediately; `why` explains
 * FAULT_BAD_TOKEN. */
enum fault operation_refresh(struct connection *connection, struct bytes token,
                             const char **why);

/* Unsubscribes the connection, if subscribed, and notifies the client. */
void operation_remove(struct connection *connection, struct bytes channel);

/* Leaves every channel: the connection ends. */
void operation_leave_all(struct connection *connection);

#endif
