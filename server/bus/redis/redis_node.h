/* redis_node: one master of a Redis Cluster, with a command link and one for
 * sharded pub/sub. It is proven as in redis_proof.h, by echoes through a
 * channel in one of its slots.
 *
 * Owner:   redis_cluster.c.
 * Thread:  the bus's.
 * Limits:  an echo has redis.timeout_ms.
 * Failure: links that cannot be proven are reconnected.
 */
#ifndef PEAL_BUS_REDIS_NODE_H
#define PEAL_BUS_REDIS_NODE_H

#include "bus/redis/redis_bus.h"

enum { REDIS_HOST_MAX = 256, REDIS_LABEL_MAX = 40 };

struct redis_node;

struct redis_node_events {
    /* NULL, or why this server cannot be used */
    const char *(*judge)(void *arg, const struct redis_server *server);
    bool (*owns)(void *arg, const struct redis_node *node, uint16_t slot);
    /* it is proven, or no longer */
    void (*on_changed)(void *arg);
    /* the table of slots may be wrong */
    void (*on_doubt)(void *arg);
    /* its subscriptions are lost, or can be made */
    void (*on_lost)(void *arg);
    void (*on_back)(void *arg);
    void (*on_push)(void *arg, const struct redisReply *reply);
    void (*on_echo)(void *arg, const struct redis_link *link, uint64_t number);
    void *arg;
};

struct redis_node {
    struct redis_bus *bus;
    const struct redis_node_events *events;
    struct redis_url url;
    char host[REDIS_HOST_MAX];
    char labels[2][REDIS_LABEL_MAX];
    struct redis_link *commands; /* NULL: the bus's own, or none */
    struct redis_link *subscriptions;
    bool is_listed;     /* in the newest table */
    bool was_listed;    /* in an earlier one */
    uint32_t replicas;  /* end of its last range of slots */
    bool is_replaced;   /* a former replica has taken slots from it */
    bool is_new;        /* proven since the cluster last checked */
    bool is_other;      /* and may lack data of the previous server */
    unsigned loaded;    /* scripts */
    char *echo;         /* channel of the echoes; NULL: none */
    bool is_subscribed; /* to it */
    bool is_disowned;   /* the server has, or had, not the slot of the echoes */
    bool is_proven;
    struct redis_server server; /* that was proven last */
    struct redis_echo echoes;
    uint64_t needed;  /* the one that proves */
    uint64_t echo_ms; /* when the next one is due */
};

/* `url`: further settings from the config; events are borrowed. */
struct redis_node *redis_node_new(struct redis_bus *bus, const char *host,
                                  uint16_t port,
                                  const struct redis_node_events *events);
void redis_node_free(struct redis_node *node);

void redis_node_disconnect(struct redis_node *node);

/* Call after a new slot table: updates its connections, and its channel for
 * echoes. */
void redis_node_place(struct redis_node *node);

/* Publishes an echo; returns its number. */
uint64_t redis_node_echo(struct redis_node *node);

/* Call several times a second; `late_ms`: see redis_echo_excuse. */
void redis_node_check(struct redis_node *node, uint64_t now_ms,
                      uint64_t late_ms);

#endif
