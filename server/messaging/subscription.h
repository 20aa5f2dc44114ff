/* subscription: the channels of one connection.
 *
 * Owner:   the connection; a pointer to one is good until the next is added
 *          or dropped.
 * Thread:  only the connection's worker.
 * Limits:  limits.channels_per_connection, kept by who adds.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_SUBSCRIPTION_H
#define PEAL_MESSAGING_SUBSCRIPTION_H

#include <stdbool.h>
#include <stdint.h>

struct channel;
struct connection;

/* A channel this connection has, or is about to have. */
struct subscription {
    struct channel *channel;
    uint32_t place;    /* in the channel's list of subscribers */
    bool is_pending;   /* the bus has not answered yet */
    bool is_cancelled; /* unsubscribed while pending */
};

/* The subscription to that channel, or NULL. */
struct subscription *subscription_find(struct connection *connection,
                                       const struct channel *channel);

/* Adds one, pending. */
void subscription_add(struct connection *connection, struct channel *channel);

void subscription_drop(struct connection *connection,
                       struct subscription *subscription);

#endif
