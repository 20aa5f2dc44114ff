/* channel: one worker's view of a channel: its subscribers and the messages to
 * send to them. A small channel is served at the end of the turn; a big one in
 * slices over several turns, so that it does not delay others.
 *
 * Owner:   the worker; a channel is freed when it has no subscribers and no
 *          pending subscriptions.
 * Thread:  only the worker's.
 * Limits:  a long batch is sent to all subscribers immediately.
 * Failure: none; the outbox handles slow subscribers.
 */
#ifndef PEAL_MESSAGING_CHANNEL_H
#define PEAL_MESSAGING_CHANNEL_H

#include "base/hash.h"
#include "messaging/connection.h"
#include "messaging/options.h"

struct hub_channel;
struct rates;

struct subscriber {
    struct connection *connection;
    uint32_t next; /* number of the next message it gets */
};

struct channel {
    /* set once */
    struct worker *worker;
    struct hub_channel *hub_channel;
    const struct channel_options *options;
    /* the worker's thread */
    struct subscriber *subscribers;
    uint32_t subscriber_count;
    uint32_t subscriber_capacity;
    uint32_t pending; /* subscriptions not answered or not recovered yet */
    struct connection **recovering; /* NULL: none */
    uint32_t recovering_count;
    struct message **batch; /* not delivered to all yet */
    uint32_t batch_count;
    uint32_t batch_capacity;
    size_t batch_bytes;
    uint32_t first;  /* number of the batch's first message; wraps around */
    uint32_t behind; /* subscribers with messages to get */
    uint32_t cursor; /* next subscriber in this round */
    uint32_t round_start;       /* next message number when the round began */
    struct rates *rates;        /* NULL: not counted */
    struct channel *dirty_next; /* in the worker's list while it has a batch */
    struct channel *dirty_prev;
    UT_hash_handle hh;
    char name[];
};

/* The worker's channel of that name, created and registered at the hub if
 * missing. Counts as pending. */
struct channel *channel_acquire(struct worker *worker, struct bytes name);

/* NULL if the worker has no such channel. */
struct channel *channel_find(struct worker *worker, struct bytes name);

/* Ends the pending state of channel_acquire. A connection becomes a subscriber
 * of messages from now on; NULL may free the channel. */
void channel_settle(struct channel *channel, struct connection *connection);

/* Adds a recovering subscriber, which gets no publications until channel_settle
 * is called, but joins and leaves. */
void channel_begin_recovery(struct channel *channel,
                            struct connection *connection);
void channel_end_recovery(struct channel *channel,
                          struct connection *connection);

/* Removes a subscriber; may free the channel. */
void channel_remove(struct channel *channel, struct connection *connection);

/* Adds a borrowed message to the batch. */
void channel_push(struct channel *channel, struct message *message);

/* Serves subscribers that are behind, each with one write, until about `cost`
 * is used up (1 per write, more for long ones); returns the cost used. The
 * channel leaves the worker's list once all subscribers have all messages. */
uint32_t channel_send_some(struct channel *channel, uint32_t cost);

/* Sends one subscriber its outstanding messages. */
void channel_catch_up(struct channel *channel, struct connection *connection);

/* Sends a connection the outstanding messages of all of its channels. */
void channel_catch_up_all(struct connection *connection);

/* Stops counting in all channels: the worker is no longer watched. */
void channel_forget_rates(struct worker *worker);

#endif
