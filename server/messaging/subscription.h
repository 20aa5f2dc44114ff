/* subscription: the channels of one connection.
 *
 * At most one subscribe per channel is in progress at the bus. If the client
 * unsubscribes before the answer and then subscribes again, the new request
 * waits here until that answer. So the client's last request always takes
 * effect.
 *
 * Owner:   the connection; a pointer to a subscription is valid until the next
 *          one is added or removed. Waiting requests are owned.
 * Thread:  only the connection's worker.
 * Limits:  limits.channels_per_connection, enforced by callers.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_SUBSCRIPTION_H
#define PEAL_MESSAGING_SUBSCRIPTION_H

#include "messaging/connection.h"
#include "messaging/request.h"

/* The first of the connection's subscription_count subscriptions. */
struct subscription *subscription_first(const struct connection *connection);

/* The subscription to the channel, or NULL. */
struct subscription *subscription_find(struct connection *connection,
                                       const struct channel *channel);

/* Adds a pending subscription. */
void subscription_add(struct connection *connection, struct channel *channel,
                      bool is_hidden);

/* Whether the client wants the channel, according to its last request. */
bool subscription_is_wanted(const struct subscription *subscription);

/* The number of channels that the client wants. */
uint32_t subscription_count_wanted(const struct connection *connection);

/* The channel that the client wants if it is the only one, otherwise NULL. */
struct channel *subscription_only(const struct connection *connection);

/* Keeps the request until the cancelled subscription is answered. */
void subscription_renew(struct connection *connection,
                        struct subscription *subscription,
                        struct request *request);

/* Returns that request, or NULL if none waits. `channel` is the name of the
 * subscription's channel. */
struct request *subscription_take_renewal(struct connection *connection,
                                          struct subscription *subscription,
                                          const char *channel);

void subscription_drop(struct connection *connection,
                       struct subscription *subscription);

/* Frees waiting requests. */
void subscription_drop_all(struct connection *connection);

#endif
