/* redis_cluster: the masters of a Redis Cluster, and which slots each has.
 *
 * The home node is the master that has the keys of no channel; its links are
 * the bus's own. Every other master has two links of its own here: one for
 * commands and one for sharded pub/sub. A link of its own asks one node after
 * the other for the table of slots; MOVED corrects the table at once.
 *
 * Owner:   the bus.
 * Thread:  the bus's.
 * Limits:  REDIS_NODES_MAX masters.
 * Failure: while a master is not reached and heard, its slots are not served.
 */
#ifndef PEAL_BUS_REDIS_CLUSTER_H
#define PEAL_BUS_REDIS_CLUSTER_H

#include "bus/redis/redis_bus.h"

enum { REDIS_NODES_MAX = 128 };

struct redis_cluster_events {
    const char *(*judge)(struct redis_bus *bus,
                         const struct redis_server *server,
                         enum redis_target target);
    /* the home node is elsewhere */
    void (*on_home)(struct redis_bus *bus, const char *host, uint16_t port);
    /* some other master is reached and heard; `is_other`: it is another server
     * than before */
    void (*on_proven)(struct redis_bus *bus, bool is_other);
    void (*on_lost)(struct redis_bus *bus); /* one of them is not any more */
    void (*on_push)(void *bus, const struct redisReply *reply);
    /* subscriptions of the slots for which `has_slot` says so are gone, or can
     * be made */
    void (*on_echo)(struct redis_bus *bus, const struct redis_link *link,
                    uint64_t number);
    void (*on_channels_lost)(struct redis_bus *bus);
    void (*on_channels_back)(struct redis_bus *bus);
};

struct redis_cluster *
redis_cluster_new(struct redis_bus *bus,
                  const struct redis_cluster_events *events);

/* Ends the connections. NULL is ignored. */
void redis_cluster_stop(struct redis_cluster *cluster);

/* After redis_cluster_stop. NULL is ignored. */
void redis_cluster_free(struct redis_cluster *cluster);

/* Whether every slot has a master, and each of them is reached and heard. */
bool redis_cluster_is_proven(const struct redis_cluster *cluster);

/* Whether the master of a slot is reached and heard. */
bool redis_cluster_serves(const struct redis_cluster *cluster, uint16_t slot);

/* Grows whenever a slot may be served that was not before. */
uint64_t redis_cluster_changes(const struct redis_cluster *cluster);

/* The link for commands, or for subscriptions, of a slot; NULL: none yet. */
struct redis_link *redis_cluster_commands(struct redis_cluster *cluster,
                                          uint16_t slot);
struct redis_link *redis_cluster_subscriptions(struct redis_cluster *cluster,
                                               uint16_t slot);

/* "MOVED <slot> <host>:<port>" or "ASK ...": whose link that is, or NULL. With
 * MOVED the table is corrected. */
struct redis_link *redis_cluster_redirect(struct redis_cluster *cluster,
                                          const char *error, uint16_t *slot);

/* As redis_proof_echo, for the node of a link for subscriptions. */
uint64_t redis_cluster_echo(struct redis_cluster *cluster,
                            const struct redis_link *subscriptions);

/* The table may be wrong: asks soon. */
void redis_cluster_refresh(struct redis_cluster *cluster);

/* Adds each master. */
void redis_cluster_show(const struct redis_cluster *cluster,
                        struct redis_topology *topology);

/* Calls `visit` for the link for commands of each master. */
void redis_cluster_each(struct redis_cluster *cluster,
                        void (*visit)(void *arg, struct redis_link *commands),
                        void *arg);

#endif
