/* redis_call: calls scripts by hash.
 *
 * Owner:   arguments are borrowed for the call.
 * Thread:  the bus's
 * Limits:  a script takes 29 words.
 * Failure: in the answer, as for any command.
 */
#ifndef PEAL_BUS_REDIS_CALL_H
#define PEAL_BUS_REDIS_CALL_H

#include "bus/redis/redis_bus.h"

/* Calls a script with `keys` and then `arguments`, all in `words`. */
void redis_call(struct redis_bus *bus, enum redis_script script,
                size_t key_count, const struct bytes *words, size_t count,
                redis_answer *answer, void *arg);

/* The end of a channel's stream. */
struct redis_tip {
    struct position position;
    int64_t time_ms; /* of the message there; 0: not in the stream */
    int64_t lost_ms; /* messages acknowledged until then may be lost; 0: none */
};

/* A reader's state of a channel: position, and the message there. */
struct redis_known {
    struct position position;
    const struct message *last; /* NULL: unknown */
    int64_t last_ms;            /* then its time; 0: unknown too */
};

/* Calls read.lua: `which` is "after" an offset, "last" n messages, or "none".
 * `known`: the reader's state, or NULL. Reads about `bytes`, unless 0. */
void redis_read(struct redis_bus *bus, const char *channel, const char *which,
                uint64_t number, uint32_t bytes,
                const struct redis_known *known, redis_answer *answer,
                void *arg);

/* False if it is no answer of read.lua. */
bool redis_read_tip(const struct redisReply *reply, struct redis_tip *tip);

/* How many bytes to read for an answer of that page. */
uint32_t redis_page_bytes(enum request_page page);

/* Whether channels use sharded pub/sub; always in a cluster. */
static inline bool redis_is_sharded(const struct redis_bus *bus)
{
    return bus->options->sharded || bus->cluster;
}

/* "PUBLISH", or "SPUBLISH" when sharded. */
struct bytes redis_publish_verb(const struct redis_bus *bus);

/* The identity of a channel without history: the run id of the server. Without
 * entries it is unknown what a restarted or promoted server has lost, so the
 * channel gets a new epoch there. Empty for a channel with history, and if the
 * run id is unknown. */
struct bytes redis_run_of(const struct redis_bus *bus, const char *channel);

#endif
