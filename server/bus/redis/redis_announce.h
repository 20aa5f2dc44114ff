/* redis_announce: publishes to the pub/sub channel of all instances, and to
 * that of a single one.
 *
 * Owner:   nothing is owned.
 * Thread:  the bus's.
 * Limits:  none of its own.
 * Failure: an instance that is not subscribed at that moment misses it.
 */
#ifndef PEAL_BUS_REDIS_ANNOUNCE_H
#define PEAL_BUS_REDIS_ANNOUNCE_H

#include "bus/redis/redis_bus.h"
#include "bus/redis/redis_envelope.h"

/* Subscribes to the channel of all instances, and to this instance's own. */
void redis_announce_subscribe(struct redis_bus *bus);

/* Publishes to one instance, by its id; NULL: to all. */
void redis_announce(struct redis_bus *bus, const char *instance,
                    const struct envelope *envelope, redis_answer *answer,
                    void *arg);

#endif
