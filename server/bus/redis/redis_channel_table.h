/* redis_channel_table: the channels somebody here subscribes to.
 *
 * A channel is LIVE when pub/sub is subscribed and `position` names the last
 * message given to the hub: then the next one pushed is delivered if its
 * offset is the next, ignored if it was there already, and otherwise shows
 * that something was missed. Whatever was missed (by a subscription that was
 * cut, too) is read from the stream, while what is pushed meanwhile is held
 * back; only then goes everything out, in order. What the stream does not
 * have may still be on its way through pub/sub, until an echo has come that
 * way; what is missing then is told as a gap.
 *
 * Owner:   the bus; redis_channel.c adds and frees them.
 * Thread:  the bus's.
 * Limits:  limits.channels, kept by redis_channel.c.
 * Failure: redis_channel_find returns NULL.
 */
#ifndef PEAL_BUS_REDIS_CHANNEL_TABLE_H
#define PEAL_BUS_REDIS_CHANNEL_TABLE_H

#include "base/hash.h"
#include "bus/redis/redis_bus.h"
#include "bus/redis/redis_messages.h"
#include "messaging/store/members.h"

enum channel_stage {
    UNSUBSCRIBED, /* or pub/sub is away */
    SUBSCRIBING,
    READING, /* the stream is asked what was missed */
    LIVE
};

/* See redis_roster.h; a zeroed struct knows nobody yet. */
struct redis_roster {
    struct members told;
    struct members changed; /* while lists are read: the number of the change */
    uint32_t changes;
    uint32_t readings; /* lists under way */
    bool has_begun;    /* `told` was compared with a list */
    bool is_due;       /* a list is to be read, at `due_ms` */
    uint64_t due_ms;
    uint64_t doubt_ms;
};

struct redis_channel {
    const struct channel_options *options;
    enum channel_stage stage;
    bool has_position;
    bool is_reading;         /* an answer of read.lua is under way */
    bool is_stale;           /* and what it will say is too old: read again */
    bool is_outdated;        /* Redis has another epoch: read */
    bool has_lost;           /* held overflowed: read again */
    bool is_gathered;        /* its subscription is sent behind this turn */
    uint16_t slot;           /* of a cluster */
    struct redis_link *link; /* where it is subscribed to */
    struct redis_channel *next_gathered;
    uint64_t judge_echo;    /* what is missing may still come until this echo */
    struct position judged; /* where the stream stood then */
    int64_t gap_ms;   /* when a gap was told last, or the first subscribed */
    int64_t doubt_ms; /* what was acknowledged until then may be lost */
    struct position position;
    struct message *last; /* the one at `position`; NULL: not known */
    uint64_t held_epoch;  /* of what is held */
    struct messages held;
    struct messages recent; /* delivered while a recovery is under way */
    uint32_t recoveries;
    uint32_t subscribers;
    struct members members;       /* on this instance */
    struct redis_roster roster;   /* on all */
    struct request *waiting;      /* subscribes without an answer */
    struct request **waiting_end; /* where the next one is put */
    uint64_t awaited;  /* lowest confirmed offset among them; 0: none */
    uint64_t leave_ms; /* with no subscribers: when to unsubscribe */
    struct redis_bus *bus;
    UT_hash_handle hh;
    char name[];
};

/* NULL when nobody here subscribes to it. */
struct redis_channel *redis_channel_find(struct redis_bus *bus,
                                         const char *name);

/* The same, made when there is none. */
struct redis_channel *redis_channel_find_or_add(struct redis_bus *bus,
                                                const char *name);

/* Calls `visit` for each client of each channel. */
void redis_channels_each_member(
    struct redis_bus *bus,
    void (*visit)(struct redis_bus *bus, const char *channel,
                  const char *client, uint32_t connections, struct bytes info));

#endif
