/* redis_announce: the pub/sub channel that every instance listens to, and that
 * of each one alone.
 *
 * Owner:   nothing is owned.
 * Thread:  the bus's.
 * Limits:  none of its own.
 * Failure: an instance that does not listen at that moment misses it.
 */
#ifndef PEAL_BUS_REDIS_ANNOUNCE_H
#define PEAL_BUS_REDIS_ANNOUNCE_H

#include "bus/redis/redis_bus.h"
#include "bus/redis/redis_envelope.h"

/* To the channel for all, and to this instance's own. */
void redis_announce_subscribe(struct redis_bus *bus);

/* Says it to one instance, by its id, or to all: NULL. */
void redis_announce(struct redis_bus *bus, const char *instance,
                    const struct envelope *envelope, redis_answer *answer,
                    void *arg);

#endif
