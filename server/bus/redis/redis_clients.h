/* redis_clients: how many connections a client has over all instances, and
 * which is the newest.
 *
 * Owner:   struct redis_client, in a hash of the bus.
 * Thread:  the bus's
 * Limits:  one entry for each client of this instance.
 * Failure: what Redis missed is told again when it is back.
 */
#ifndef PEAL_BUS_REDIS_CLIENTS_H
#define PEAL_BUS_REDIS_CLIENTS_H

#include "bus/redis/redis_bus.h"

/* A client's connections here changed. */
void redis_clients_tell(struct redis_bus *bus, const char *id);

/* Redis, or pub/sub, is there again. */
void redis_clients_tell_all(struct redis_bus *bus);

/* All clients belong to what this instance had under its former id. */
void redis_clients_list_former(struct redis_bus *bus);

/* A newer connection of the client was opened on some instance. */
void redis_clients_on_claim(struct redis_bus *bus, const char *id,
                            struct bytes instance, uint64_t claim);

/* Takes a dead instance's count of the client out. */
void redis_clients_reap(struct redis_bus *bus, const char *id,
                        const char *dead, redis_answer *answer, void *arg);

/* Once a second. */
void redis_clients_tick(struct redis_bus *bus);

void redis_clients_farewell(struct redis_bus *bus);
void redis_clients_free(struct redis_bus *bus);

#endif
