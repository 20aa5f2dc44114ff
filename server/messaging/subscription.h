/* subscription: the channels of one connection.
 *
 * At most one subscribe to a channel is with the bus. When its client leaves
 * before the answer and then subscribes again, the new request waits here and
 * goes out with that answer: so the last word counts, however fast a client
 * changes its mind.
 *
 * Owner:   the connection; a pointer to one is good until the next is added
 *          or dropped. A request that waits is owned.
 * Thread:  only the connection's worker.
 * Limits:  limits.channels_per_connection, kept by who adds.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_SUBSCRIPTION_H
#define PEAL_MESSAGING_SUBSCRIPTION_H

#include "messaging/connection.h"
#include "messaging/request.h"

/* The first of the connection's subscription_count. */
struct subscription *subscription_first(const struct connection *connection);

/* The subscription to that channel, or NULL. */
struct subscription *subscription_find(struct connection *connection,
                                       const struct channel *channel);

/* Adds one, pending. */
void subscription_add(struct connection *connection, struct channel *channel,
                      bool is_hidden);

/* Whether the client wants the channel, as far as it has said. */
bool subscription_is_wanted(const struct subscription *subscription);

/* How many channels the client wants. */
uint32_t subscription_count_wanted(const struct connection *connection);

/* The one channel that the client wants, or NULL if there are none or more. */
struct channel *subscription_only(const struct connection *connection);

/* Keeps the request until the cancelled subscription is answered. */
void subscription_renew(struct connection *connection,
                        struct subscription *subscription,
                        struct request *request);

/* Takes that request back, or gives NULL if none waits. `channel` is the name
 * of the subscription's channel. */
struct request *subscription_take_renewal(struct connection *connection,
                                          struct subscription *subscription,
                                          const char *channel);

void subscription_drop(struct connection *connection,
                       struct subscription *subscription);

/* Requests that wait are freed. */
void subscription_drop_all(struct connection *connection);

#endif
