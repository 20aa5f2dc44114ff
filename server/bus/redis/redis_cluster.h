/* redis_cluster: the masters of a Redis Cluster and their slots.
 *
 * The home node is the master that has the keys without a channel; its links
 * are those of the bus. Every other master has two links here: one for commands
 * and one for sharded pub/sub. A separate link asks one node after the other
 * for the slot table; MOVED corrects the table immediately.
 *
 * Owner:   the bus.
 * Thread:  the bus's.
 * Limits:  REDIS_NODES_MAX masters.
 * Failure: the slots of a master are not served unless it is connected and
 *          proven.
 */
#ifndef PEAL_BUS_REDIS_CLUSTER_H
#define PEAL_BUS_REDIS_CLUSTER_H

#include "bus/redis/redis_bus.h"

enum { REDIS_NODES_MAX = 128 };

struct redis_cluster_events {
    const char *(*judge)(struct redis_bus *bus,
                         const struct redis_server *server,
                         enum redis_target target);
    /* the home node has moved */
    void (*on_home)(struct redis_bus *bus, const char *host, uint16_t port);
    /* another master is proven; `is_other`: it is a different server than
     * before */
    void (*on_proven)(struct redis_bus *bus, bool is_other);
    void (*on_lost)(
        struct redis_bus *bus); /* one of them is no longer proven */
    void (*on_push)(void *bus, const struct redisReply *reply);
    /* subscriptions of the slots selected by `has_slot` are lost, or can be
     * made */
    void (*on_echo)(struct redis_bus *bus, const struct redis_link *link,
                    uint64_t number);
    void (*on_channels_lost)(struct redis_bus *bus);
    void (*on_channels_back)(struct redis_bus *bus);
};

struct redis_cluster *
redis_cluster_new(struct redis_bus *bus,
                  const struct redis_cluster_events *events);

/* Closes the connections. NULL is ignored. */
void redis_cluster_stop(struct redis_cluster *cluster);

/* Call after redis_cluster_stop. NULL is ignored. */
void redis_cluster_free(struct redis_cluster *cluster);

/* Whether every slot has a proven master. */
bool redis_cluster_is_proven(const struct redis_cluster *cluster);

/* Whether the master of a slot is proven. */
bool redis_cluster_serves(const struct redis_cluster *cluster, uint16_t slot);

/* Increments whenever another slot may be served. */
uint64_t redis_cluster_changes(const struct redis_cluster *cluster);

/* The command or subscription link of a slot; NULL: none yet. */
struct redis_link *redis_cluster_commands(struct redis_cluster *cluster,
                                          uint16_t slot);
struct redis_link *redis_cluster_subscriptions(struct redis_cluster *cluster,
                                               uint16_t slot);

/* "MOVED <slot> <host>:<port>" or "ASK ...": returns its link, or NULL. MOVED
 * corrects the table. */
struct redis_link *redis_cluster_redirect(struct redis_cluster *cluster,
                                          const char *error, uint16_t *slot);

/* As redis_proof_echo, for the node of a subscription link. */
uint64_t redis_cluster_echo(struct redis_cluster *cluster,
                            const struct redis_link *subscriptions);

/* Call when the table may be outdated: requests it soon. */
void redis_cluster_refresh(struct redis_cluster *cluster);

/* Adds each master to the topology. */
void redis_cluster_show(const struct redis_cluster *cluster,
                        struct redis_topology *topology);

/* Calls `visit` for the command link of each master. */
void redis_cluster_each(struct redis_cluster *cluster,
                        void (*visit)(void *arg, struct redis_link *commands),
                        void *arg);

#endif
