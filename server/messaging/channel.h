/* channel: one worker's view of a channel: its subscribers here, and what is
 * to be sent to them. A small channel is served at the end of the turn; a big
 * one in slices, a few in each turn, so that the others need not wait for it.
 *
 * Owner:   the worker; a channel goes when nobody subscribes or waits for the
 *          bus to confirm.
 * Thread:  only the worker's.
 * Limits:  a batch that gets long is sent to everybody at once.
 * Failure: none; a subscriber that cannot keep up is the outbox's matter.
 */
#ifndef PEAL_MESSAGING_CHANNEL_H
#define PEAL_MESSAGING_CHANNEL_H

#include "base/hash.h"
#include "messaging/connection.h"
#include "messaging/options.h"

struct hub_channel;
struct tally;

struct subscriber {
    struct connection *connection;
    uint32_t next; /* the number of the message it gets next */
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
    uint32_t pending; /* subscribes not answered, or not recovered */
    struct connection **recovering; /* NULL: nobody is */
    uint32_t recovering_count;
    struct message **batch; /* what somebody has still to get */
    uint32_t batch_count;
    uint32_t batch_capacity;
    size_t batch_bytes;
    uint32_t first;             /* the number of the batch's first; they wrap */
    uint32_t behind;            /* subscribers that have something to get */
    uint32_t cursor;            /* who is served next in this round */
    uint32_t round_start;       /* the number that came next when it began */
    struct tally *tally;        /* NULL: nothing was counted */
    struct channel *dirty_next; /* in the worker's list while it has a batch */
    struct channel *dirty_prev;
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

/* A pending subscriber is sent what it missed, and publications only once
 * channel_settle is called; who comes and goes it is told meanwhile. */
void channel_begin_recovery(struct channel *channel,
                            struct connection *connection);
void channel_end_recovery(struct channel *channel,
                          struct connection *connection);

/* Takes a subscriber out; may free the channel. */
void channel_remove(struct channel *channel, struct connection *connection);

/* Adds a message to the batch. Borrows it. */
void channel_push(struct channel *channel, struct message *message);

/* Serves some of those who are behind, each with one write, until about `cost`
 * is used up (1 a write, and more for a long one); returns what was used. The
 * channel is out of the worker's list once everybody has everything. */
uint32_t channel_send_some(struct channel *channel, uint32_t cost);

/* Sends one subscriber what it has still to get. */
void channel_catch_up(struct channel *channel, struct connection *connection);

/* Sends a connection what all of its channels have for it. */
void channel_catch_up_all(struct connection *connection);

/* Nobody watches the worker any more: its channels count no longer. */
void channel_forget_tallies(struct worker *worker);

#endif
