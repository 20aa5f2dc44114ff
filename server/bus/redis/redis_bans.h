/* redis_bans: bans on all instances.
 *
 * Owner:   takes requests.
 * Thread:  the bus's.
 * Limits:  those of messaging/bans.h.
 * Failure: an instance that misses a ban reads it BANS_READ_SECONDS later, or
 *          after Redis reconnects.
 */
#ifndef PEAL_BUS_REDIS_BANS_H
#define PEAL_BUS_REDIS_BANS_H

#include "bus/redis/redis_bus.h"
#include "bus/redis/redis_envelope.h"

enum { BANS_READ_SECONDS = 10 };

void redis_ban(struct redis_bus *bus, struct request *request);
void redis_unban(struct redis_bus *bus, struct request *request);

/* Loads the bans from Redis, and closes the connections of banned clients. */
void redis_bans_read(struct redis_bus *bus);

/* Call once a second. */
void redis_bans_tick(struct redis_bus *bus);

#endif
