/* redis_sentinel: which server the Sentinels name as the master.
 *
 * Each Sentinel of redis.url is asked over a connection of its own, twice a
 * second. An address counts when most of them name it: a Sentinel alone may be
 * cut off together with a master that has been replaced. A master that serves
 * stays in use while too few Sentinels answer.
 *
 * Owner:   the bus.
 * Thread:  the bus's, but redis_sentinels_agree.
 * Limits:  REDIS_SEEDS_MAX connections.
 * Failure: without a majority there is no new address.
 */
#ifndef PEAL_BUS_REDIS_SENTINEL_H
#define PEAL_BUS_REDIS_SENTINEL_H

#include "bus/redis/redis_bus.h"

struct redis_sentinels_events {
    /* most of them name another master than before */
    void (*on_master)(struct redis_bus *bus, const char *host, uint16_t port);
    /* the answer to redis_sentinels_confirm: they still name it */
    void (*on_confirmed)(struct redis_bus *bus);
};

struct redis_sentinels *
redis_sentinels_new(struct redis_bus *bus,
                    const struct redis_sentinels_events *events);

/* Asks all of them now whether the master is still the one they named. A
 * master that comes back may have been replaced since. */
void redis_sentinels_confirm(struct redis_sentinels *sentinels);

/* Logs in so when it connects next; takes the login. */
void redis_sentinels_use_login(struct redis_sentinels *all,
                               struct redis_login *login);

/* Adds each of them: up while it names a master. */
void redis_sentinels_show(const struct redis_sentinels *sentinels,
                          struct redis_topology *topology);

/* Ends the connections; in the bus's thread. NULL is ignored. */
void redis_sentinels_stop(struct redis_sentinels *sentinels);

/* After redis_sentinels_stop. NULL is ignored. */
void redis_sentinels_free(struct redis_sentinels *sentinels);

/* Whether most of them name one master, as of now; any thread. */
bool redis_sentinels_agree(const struct redis_sentinels *sentinels);

#endif
