/* channel: one worker's view of a channel: its subscribers here, and what is
 * to be sent to them at the end of this turn of the loop.
 *
 * Owner:   the worker; a channel goes when nobody subscribes or waits for the
 *          bus to confirm.
 * Thread:  only the worker's.
 * Limits:  a batch is flushed early when it gets long.
 * Failure: none; a subscriber that cannot keep up is the outbox's matter.
 */
#ifndef PEAL_MESSAGING_CHANNEL_H
#define PEAL_MESSAGING_CHANNEL_H

#include "base/hash.h"
#include "messaging/connection.h"
#include "messaging/options.h"

struct hub_channel;

struct channel {
    /* set once */
    struct worker *worker;
    struct hub_channel *hub_channel;
    const struct channel_options *options;
    /* the worker's thread */
    struct connection **subscribers;
    uint32_t subscriber_count;
    uint32_t subscriber_capacity;
    uint32_t pending; /* subscribes the bus has not answered */
    struct message **batch;
    uint32_t batch_count;
    uint32_t batch_capacity;
    size_t batch_bytes;
    struct channel *dirty_next; /* in the worker's list while it has a batch */
    bool is_dirty;
    UT_hash_handle hh;
    char name[];
};

/* The worker's channel of that name, made when there is none; the hub then
 * learns that this worker wants it. Counts as pending. */
struct channel *channel_acquire(struct worker *worker, struct bytes name);

/* NULL when the worker has no such channel. */
struct channel *channel_find(struct worker *worker, struct bytes name);

/* Ends what channel_acquire began; with a connection it becomes a subscriber,
 * of messages from now on. May free the channel when given NULL. */
void channel_settle(struct channel *channel, struct connection *connection);

/* Takes a subscriber out; may free the channel. */
void channel_remove(struct channel *channel, struct connection *connection);

/* Adds a message to the batch of this turn. Borrows it. */
void channel_push(struct channel *channel, struct message *message);

/* Sends the batch to every subscriber, as one write each. */
void channel_flush(struct channel *channel);

#endif
