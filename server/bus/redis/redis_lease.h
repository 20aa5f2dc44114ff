/* redis_lease: that this instance lives, and what becomes of the members of
 * those that died.
 *
 * Owner:   struct redis_presence, in the bus.
 * Thread:  the bus's
 * Limits:  one burial of each dead instance at a time.
 * Failure: a burial that fails is begun again later.
 */
#ifndef PEAL_BUS_REDIS_LEASE_H
#define PEAL_BUS_REDIS_LEASE_H

#include "bus/redis/redis_bus.h"

/* Redis is there again: gets a new id, and asks for its first heartbeat; then
 * redis_presence_restore tells everything that is known here. */
void redis_presence_register(struct redis_bus *bus, redis_answer *answer);
void redis_presence_restore(struct redis_bus *bus);

/* Once a second: what Redis may have missed is told again. */
void redis_presence_tick(struct redis_bus *bus);

/* This instance goes, and says so. */
void redis_presence_farewell(struct redis_bus *bus);

void redis_presence_init(struct redis_bus *bus);
void redis_presence_deinit(struct redis_bus *bus);

#endif
