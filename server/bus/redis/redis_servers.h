/* redis_servers: adds the Redis servers in use to the bus's topology.
 *
 * Owner:   the bus.
 * Thread:  the bus's.
 * Limits:  see redis_topology.h.
 * Failure: none.
 */
#ifndef PEAL_BUS_REDIS_SERVERS_H
#define PEAL_BUS_REDIS_SERVERS_H

#include "bus/redis/redis_bus.h"

/* Call once a second. */
void redis_servers_show(struct redis_bus *bus);

#endif
