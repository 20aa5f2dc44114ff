/* redis_channel_table: the channels with subscribers on this instance.
 *
 * A channel is LIVE if pub/sub is subscribed and `position` is the last message
 * passed to the hub. A pushed message is then delivered if its offset is the
 * next one, ignored if it is a duplicate, and otherwise shows that messages
 * were missed. Missed messages (also after a lost subscription) are read from
 * the stream, while pushed ones are held back; then all are delivered in order.
 * Messages missing in the stream may still arrive through pub/sub, until an
 * echo has arrived that way; what is still missing then is reported as a gap.
 *
 * Owner:   the bus; redis_channel.c adds and frees channels.
 * Thread:  the bus's.
 * Limits:  limits.channels, enforced by redis_channel.c.
 * Failure: redis_channel_find returns NULL.
 */
#ifndef PEAL_BUS_REDIS_CHANNEL_TABLE_H
#define PEAL_BUS_REDIS_CHANNEL_TABLE_H

#include "base/hash.h"
#include "bus/redis/redis_bus.h"
#include "bus/redis/redis_call.h"
#include "bus/redis/redis_messages.h"
#include "messaging/store/members.h"

enum channel_stage {
    UNSUBSCRIBED, /* or pub/sub is down */
    SUBSCRIBING,
    READING, /* reading missed messages from the stream */
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
    bool is_reading;         /* waiting for read.lua */
    bool is_stale;           /* and its result will be outdated: read again */
    bool is_outdated;        /* Redis has another epoch: read */
    bool has_lost;           /* held overflowed: read again */
    bool is_gathered;        /* its subscription is sent after this turn */
    uint16_t slot;           /* of a cluster */
    struct redis_link *link; /* where it is subscribed to */
    struct redis_channel *next_gathered;
    uint64_t judge_echo;     /* missing messages may arrive until this echo */
    struct redis_tip judged; /* the stream's then */
    int64_t gap_ms; /* when a gap was last reported, or the first subscribed */
    int64_t doubt_ms; /* messages acknowledged until then may be lost */
    int64_t told_ms;  /* likewise, but subscribers know, or need not */
    struct position position;
    struct message *last; /* the message at `position`, if delivered here */
    int64_t last_ms;      /* otherwise its time; 0: unknown */
    uint64_t held_epoch;  /* of held messages */
    struct messages held;
    struct messages recent; /* delivered during a recovery */
    uint32_t recoveries;
    uint32_t subscribers;
    struct members members;       /* on this instance */
    struct redis_roster roster;   /* on all */
    struct request *waiting;      /* subscribes without an answer */
    struct request **waiting_end; /* where the next one is appended */
    uint64_t awaited;  /* lowest confirmed offset among them; 0: none */
    uint64_t leave_ms; /* with no subscribers: when to unsubscribe */
    struct redis_bus *bus;
    UT_hash_handle hh;
    char name[];
};

/* NULL if it has no subscribers on this instance. */
struct redis_channel *redis_channel_find(struct redis_bus *bus,
                                         const char *name);

/* The same, created if missing. */
struct redis_channel *redis_channel_find_or_add(struct redis_bus *bus,
                                                const char *name);

/* Calls `visit` for each client of each channel. */
void redis_channels_each_member(
    struct redis_bus *bus,
    void (*visit)(struct redis_bus *bus, const char *channel,
                  const char *client, uint32_t connections, struct bytes info));

#endif
