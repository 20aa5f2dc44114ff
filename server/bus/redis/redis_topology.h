/* redis_topology: the Redis servers in use, for metrics: role, state, slots and
 * round trips.
 *
 * Owner:   the bus.
 * Thread:  collected on the bus's thread, once a second; any thread may print
 *          it.
 * Limits:  REDIS_PLACES_MAX servers.
 * Failure: none.
 */
#ifndef PEAL_BUS_REDIS_TOPOLOGY_H
#define PEAL_BUS_REDIS_TOPOLOGY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

struct redis_bus;
struct redis_link;
struct redis_topology;

enum { REDIS_PLACE_NAME = 280, REDIS_PLACES_MAX = 192 };

struct redis_place {
    char name[REDIS_PLACE_NAME]; /* host:port, or a path */
    const char *role;            /* static */
    bool is_up;
    bool is_node; /* in a cluster: the following fields are known */
    uint32_t slots;
    uint32_t replicas;
    uint64_t answers; /* since its last connect */
    uint64_t answers_ns;
};

struct redis_topology *redis_topology_new(void);
void redis_topology_free(struct redis_topology *topology);

/* Collects it: begin, add for each server, end. */
void redis_topology_begin(struct redis_topology *topology);

/* Adds a server, zeroed except for name, role and round trips; `commands` may
 * be NULL. The caller fills in the rest before the next call. */
struct redis_place *redis_topology_add(struct redis_topology *topology,
                                       const char *role, const char *host,
                                       uint16_t port,
                                       const struct redis_link *commands);

void redis_topology_end(struct redis_topology *topology);

/* In Prometheus' text format. */
void redis_topology_write(struct redis_topology *topology, struct buffer *out);

#endif
