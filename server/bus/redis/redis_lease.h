/* redis_lease: heartbeats of this instance, and removal of the members of dead
 * instances.
 *
 * Owner:   struct redis_presence, in the bus.
 * Thread:  the bus's
 * Limits:  one burial of each dead instance at a time.
 * Failure: a failed burial is retried later.
 */
#ifndef PEAL_BUS_REDIS_LEASE_H
#define PEAL_BUS_REDIS_LEASE_H

#include "bus/redis/redis_bus.h"

/* Call when Redis is available again: takes a new id, and sends the first
 * heartbeat; then redis_presence_restore stores the whole state. */
void redis_presence_register(struct redis_bus *bus, redis_answer *answer);
void redis_presence_restore(struct redis_bus *bus);

/* Call once a second: stores again what Redis may have missed. */
void redis_presence_tick(struct redis_bus *bus);

/* Announces that this instance ends. */
void redis_presence_farewell(struct redis_bus *bus);

void redis_presence_init(struct redis_bus *bus);
void redis_presence_deinit(struct redis_bus *bus);

#endif
