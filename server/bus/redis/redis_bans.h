/* redis_bans: bans that hold on every instance.
 *
 * Owner:   takes requests.
 * Thread:  the bus's.
 * Limits:  those of messaging/bans.h.
 * Failure: an instance that misses a ban reads it BANS_READ_SECONDS later, or
 *          once Redis is back.
 */
#ifndef PEAL_BUS_REDIS_BANS_H
#define PEAL_BUS_REDIS_BANS_H

#include "bus/redis/redis_bus.h"
#include "bus/redis/redis_envelope.h"

enum { BANS_READ_SECONDS = 10 };

void redis_ban(struct redis_bus *bus, struct request *request);
void redis_unban(struct redis_bus *bus, struct request *request);

/* Takes over what Redis has, and ends the connections of those banned. */
void redis_bans_read(struct redis_bus *bus);

/* Once a second. */
void redis_bans_tick(struct redis_bus *bus);

#endif
