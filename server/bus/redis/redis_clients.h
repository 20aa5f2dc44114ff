/* redis_clients: the number of a client's connections on all instances, and the
 * newest one.
 *
 * Owner:   struct redis_client, in a hash of the bus.
 * Thread:  the bus's
 * Limits:  one entry per client of this instance.
 * Failure: changes missed by Redis are stored again after it reconnects.
 */
#ifndef PEAL_BUS_REDIS_CLIENTS_H
#define PEAL_BUS_REDIS_CLIENTS_H

#include "bus/redis/redis_bus.h"

/* Call when a client's connections on this instance changed. */
void redis_clients_tell(struct redis_bus *bus, const char *id);

/* Call when Redis, or pub/sub, is available again. */
void redis_clients_tell_all(struct redis_bus *bus);

/* Call after the instance's id changed: all clients are stored under the former
 * id. */
void redis_clients_list_former(struct redis_bus *bus);

/* Call when a newer connection of the client was opened on any instance. */
void redis_clients_on_claim(struct redis_bus *bus, const char *id,
                            struct bytes instance, uint64_t claim);

/* Removes a dead instance's connections of the client. */
void redis_clients_reap(struct redis_bus *bus, const char *id, const char *dead,
                        redis_answer *answer, void *arg);

/* Call once a second. */
void redis_clients_tick(struct redis_bus *bus);

void redis_clients_farewell(struct redis_bus *bus);
void redis_clients_free(struct redis_bus *bus);

#endif
