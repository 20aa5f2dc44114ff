/* redis_channel: a channel somebody here subscribes to, for the three rooms
 * that work on it: redis_channel.c (who subscribes), redis_repair.c (the
 * messages, and what was missed of them), redis_recovery.c (the answers to
 * subscribers).
 *
 * A channel is LIVE when pub/sub is subscribed and `position` names the last
 * message given to the hub: then the next one pushed is delivered if its
 * offset is the next, ignored if it was there already, and otherwise shows
 * that something was missed. Whatever was missed (by a subscription that was
 * cut, too) is read from the stream, while what is pushed meanwhile is held
 * back; only then goes everything out, in order. What the stream no longer
 * has is told as a gap.
 *
 * Owner:   redis_channel.c makes and frees it.
 * Thread:  the bus's.
 * Limits:  HELD_MAX messages are held back.
 * Failure: none; what Redis does not answer is asked again.
 */
#ifndef PEAL_BUS_REDIS_CHANNEL_H
#define PEAL_BUS_REDIS_CHANNEL_H

#include "base/hash.h"
#include "bus/redis_bus.h"
#include "bus/redis_envelope.h"
#include "messaging/members.h"

enum channel_stage {
    UNSUBSCRIBED, /* or pub/sub is away */
    SUBSCRIBING,
    READING, /* the stream is asked what was missed */
    LIVE
};

/* A growing list of messages; holds a reference each. */
struct messages {
    struct message **items;
    size_t count;
    size_t capacity;
};

struct redis_channel {
    const struct channel_options *options;
    enum channel_stage stage;
    bool has_position;
    bool is_reading; /* an answer of read.lua is under way */
    bool is_stale;   /* and what it will say is too old: read again */
    bool has_lost;   /* held overflowed: read again */
    struct position position;
    struct message *last; /* the one at `position`; NULL: not known */
    uint64_t held_epoch;  /* of what is held */
    struct messages held;
    struct messages recent; /* delivered while a recovery is under way */
    uint32_t recoveries;
    uint32_t subscribers;
    struct members members;
    struct request *waiting; /* subscribes without an answer */
    uint64_t leave_ms;       /* with no subscribers: when to unsubscribe */
    struct redis_bus *bus;
    UT_hash_handle hh;
    char name[];
};

/* ---- redis_channel.c */

/* NULL when nobody here subscribes to it. */
struct redis_channel *redis_channel_find(struct redis_bus *bus,
                                         const char *name);

/* ---- redis_repair.c */

/* Asks where the channel stands; it is LIVE when that is known. */
void redis_repair_start(struct redis_channel *channel);

/* Asks again, where the answer was lost. */
void redis_repair_resume(struct redis_channel *channel);

/* Another message of the channel. */
void redis_repair_take(struct redis_channel *channel,
                       const struct envelope *envelope);

/* Drops them all. */
void redis_messages_clear(struct messages *list);

/* ---- redis_recovery.c */

/* Waits for its answer, behind the others. */
void redis_recovery_wait(struct redis_channel *channel,
                         struct request *request);

/* Answers who waits, as far as that is possible now. */
void redis_recovery_serve(struct redis_channel *channel);

#endif
