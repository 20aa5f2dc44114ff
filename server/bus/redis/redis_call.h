/* redis_call: scripts called by their hashes.
 *
 * Owner:   what is passed is borrowed for the call.
 * Thread:  the bus's
 * Limits:  a script takes 29 words.
 * Failure: as of any command, in its answer.
 */
#ifndef PEAL_BUS_REDIS_CALL_H
#define PEAL_BUS_REDIS_CALL_H

#include "bus/redis/redis_bus.h"

/* Calls a script with `keys` and then `arguments`, all in `words`. */
void redis_call(struct redis_bus *bus, enum redis_script script,
                size_t key_count, const struct bytes *words, size_t count,
                redis_answer *answer, void *arg);

/* What a reader has of a channel: the position, and the message there. */
struct redis_known {
    struct position position;
    const struct message *last; /* NULL: not known */
};

/* Calls read.lua: `which` is "after" an offset, "last" so many, or "none".
 * `known`: where the reader itself stands, or NULL. Reads about `bytes`, if
 * that is not 0. */
void redis_read(struct redis_bus *bus, const char *channel, const char *which,
                uint64_t number, uint32_t bytes,
                const struct redis_known *known, redis_answer *answer,
                void *arg);

/* How much of an answer of that page is to be read. */
uint32_t redis_page_bytes(enum request_page page);

/* Whether channels use sharded pub/sub: in a cluster always. */
static inline bool redis_is_sharded(const struct redis_bus *bus)
{
    return bus->options->sharded || bus->cluster;
}

/* "PUBLISH", or "SPUBLISH" when sharded. */
struct bytes redis_publish_verb(const struct redis_bus *bus);

/* What a channel without history is compared by: the run id of the server.
 * Without entries nobody can tell what a server that was started anew, or took
 * over, has lost; so the channel gets another epoch there. Empty for a channel
 * with history, and when the run id is not known. */
struct bytes redis_run_of(const struct redis_bus *bus, const char *channel);

#endif
