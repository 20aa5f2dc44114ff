/* redis_sentinel: the master reported by the Sentinels.
 *
 * Each Sentinel of redis.url is queried over its own connection, twice a
 * second. An address counts if a majority reports it: a single Sentinel may be
 * partitioned together with a replaced master. A working master stays in use
 * while too few Sentinels respond.
 *
 * Owner:   the bus.
 * Thread:  the bus's, except for redis_sentinels_agree.
 * Limits:  REDIS_SEEDS_MAX connections.
 * Failure: without a majority there is no new address.
 */
#ifndef PEAL_BUS_REDIS_SENTINEL_H
#define PEAL_BUS_REDIS_SENTINEL_H

#include "bus/redis/redis_bus.h"

struct redis_sentinels_events {
    /* the majority reports another master than before */
    void (*on_master)(struct redis_bus *bus, const char *host, uint16_t port);
    /* the answer to redis_sentinels_confirm: unchanged master */
    void (*on_confirmed)(struct redis_bus *bus);
};

struct redis_sentinels *
redis_sentinels_new(struct redis_bus *bus,
                    const struct redis_sentinels_events *events);

/* Queries all Sentinels now whether the master is unchanged. A master that
 * reconnects may have been replaced meanwhile. */
void redis_sentinels_confirm(struct redis_sentinels *sentinels);

/* Uses these credentials for the next connections; takes the login. */
void redis_sentinels_use_login(struct redis_sentinels *all,
                               struct redis_login *login);

/* Adds each Sentinel to the topology: up while it reports a master. */
void redis_sentinels_show(const struct redis_sentinels *sentinels,
                          struct redis_topology *topology);

/* Closes the connections; call on the bus's thread. NULL is ignored. */
void redis_sentinels_stop(struct redis_sentinels *sentinels);

/* Call after redis_sentinels_stop. NULL is ignored. */
void redis_sentinels_free(struct redis_sentinels *sentinels);

/* Whether the majority currently reports one master; any thread. */
bool redis_sentinels_agree(const struct redis_sentinels *sentinels);

#endif
