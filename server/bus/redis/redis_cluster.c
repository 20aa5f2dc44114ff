#include "bus/redis/redis_cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "bus/redis/redis_keys.h"
#include "bus/redis/redis_link.h"
#include "bus/redis/redis_node.h"
#include "bus/redis/redis_push.h"
#include "bus/redis/redis_slots.h"
#include "bus/redis/redis_topology.h"

enum {
    CHECK_MS = 100,
    ASK_MS = 5000,   /* interval of the table request normally */
    AGAIN_MS = 200,  /* and during problems */
    NO_NODE = 0xffff /* no master has the slot */
};

struct redis_cluster {
    struct redis_bus *bus;
    struct redis_cluster_events events;
    struct redis_node_events node_events;
    struct redis_node *nodes[REDIS_NODES_MAX];
    size_t count;
    uint16_t slots[REDIS_SLOTS]; /* index of the node, or NO_NODE */
    uint16_t home_slot;
    struct redis_node *home;
    bool is_covered; /* every slot has a master */
    uint64_t changes;
    struct loop_timer *timer;
    struct redis_link *asker; /* for the table */
    struct redis_url asked;
    char asked_host[REDIS_HOST_MAX];
    size_t next_seed;
    uint64_t ask_ms; /* when to ask again */
    bool is_asking;
    bool is_asked_down;   /* the asked node does not serve the cluster */
    unsigned disbelieved; /* tables in a row, for that reason */
};

/* ---- links -------------------------------------------------------------- */

static struct redis_link *commands_of(const struct redis_cluster *all,
                                      const struct redis_node *node)
{
    return node == all->home ? all->bus->commands : node->commands;
}

static struct redis_node *owner(const struct redis_cluster *all, uint16_t slot)
{
    uint16_t index = all->slots[slot];
    return index == NO_NODE ? NULL : all->nodes[index];
}

struct redis_link *redis_cluster_commands(struct redis_cluster *all,
                                          uint16_t slot)
{
    const struct redis_node *node = owner(all, slot);
    return node ? commands_of(all, node) : NULL;
}

struct redis_link *redis_cluster_subscriptions(struct redis_cluster *all,
                                               uint16_t slot)
{
    const struct redis_node *node = owner(all, slot);
    if (node && node == all->home)
        return all->bus->subscriptions;
    return node ? node->subscriptions : NULL;
}

static bool is_up(const struct redis_cluster *all,
                  const struct redis_node *node)
{
    return node == all->home ? all->bus->proof.is_proven : node->is_proven;
}

static size_t count_up(const struct redis_cluster *all)
{
    size_t up = 0;
    for (size_t i = 0; i < all->count; i++)
        up += is_up(all, all->nodes[i]);
    return up;
}

bool redis_cluster_is_proven(const struct redis_cluster *all)
{
    return all->home && all->is_covered && count_up(all) == all->count;
}

bool redis_cluster_serves(const struct redis_cluster *all, uint16_t slot)
{
    const struct redis_node *node = owner(all, slot);
    return node && is_up(all, node);
}

uint64_t redis_cluster_changes(const struct redis_cluster *all)
{
    return all->changes;
}

/* A node is proven, or no longer. */
static void judge(void *arg)
{
    struct redis_cluster *all = arg;
    bool is_new = false;
    bool is_other = false;
    all->changes++;
    for (size_t i = 0; i < all->count; i++) {
        is_new |= all->nodes[i]->is_new;
        is_other |= all->nodes[i]->is_other;
        all->nodes[i]->is_new = all->nodes[i]->is_other = false;
    }
    if (is_new)
        all->events.on_proven(all->bus, is_other);
    else
        all->events.on_lost(all->bus);
}

/* ---- the table ---------------------------------------------------------- */

static struct redis_node *find_or_add(struct redis_cluster *all,
                                      const char *host, uint16_t port)
{
    for (size_t i = 0; i < all->count; i++)
        if (all->nodes[i]->url.port == port &&
            strcmp(all->nodes[i]->host, host) == 0)
            return all->nodes[i];
    if (all->count == (size_t)REDIS_NODES_MAX)
        return NULL;
    struct redis_node *node =
        redis_node_new(all->bus, host, port, &all->node_events);
    all->nodes[all->count++] = node;
    return node;
}

static uint16_t index_of(const struct redis_cluster *all,
                         const struct redis_node *node)
{
    for (size_t i = 0; i < all->count; i++)
        if (all->nodes[i] == node)
            return (uint16_t)i;
    return NO_NODE;
}

static void read_range(struct redis_cluster *all, uint16_t *slots,
                       const struct redisReply *reply)
{
    struct redis_range range;
    char host[REDIS_HOST_MAX];
    if (!redis_push_range(reply, &range))
        return;
    /* a node that does not know its own address omits it */
    if (!range.host.len)
        range.host = bytes_of(all->asked.host);
    snprintf(host, sizeof host, "%.*s", (int)range.host.len, range.host.data);
    struct redis_node *node = find_or_add(all, host, range.port);
    if (!node)
        return;
    node->is_listed = true;
    node->replicas = range.replicas;
    for (unsigned slot = range.first; slot <= range.last; slot++)
        slots[slot] = index_of(all, node);
}

/* A node new in the table was a replica until now. */
static void move_slot(struct redis_cluster *all, size_t slot, uint16_t node)
{
    uint16_t before = all->slots[slot];
    all->slots[slot] = node;
    if (before == NO_NODE || node == NO_NODE || before == node)
        return;
    metrics_add(&all->bus->metrics, METRIC_REDIS_SLOTS_MOVED, 1);
    if (!all->nodes[node]->was_listed)
        all->nodes[before]->is_replaced = true;
}

static void drop_unlisted(struct redis_cluster *all)
{
    uint16_t places[REDIS_NODES_MAX];
    size_t kept = 0;
    for (size_t i = 0; i < all->count; i++) {
        struct redis_node *node = all->nodes[i];
        places[i] = node->is_listed ? (uint16_t)kept : (uint16_t)NO_NODE;
        if (node->is_listed) {
            node->was_listed = true;
            node->is_replaced = false;
            all->nodes[kept++] = node;
            continue;
        }
        if (node->is_replaced)
            metrics_add(&all->bus->metrics, METRIC_REDIS_FAILOVERS, 1);
        if (all->home == node)
            all->home = NULL;
        redis_node_free(node);
    }
    all->count = kept;
    for (size_t slot = 0; slot < REDIS_SLOTS; slot++)
        if (all->slots[slot] != NO_NODE)
            all->slots[slot] = places[all->slots[slot]];
}

static void place_home(struct redis_cluster *all)
{
    struct redis_node *home = owner(all, all->home_slot);
    if (!home || home == all->home)
        return;
    redis_node_disconnect(home);
    all->home = home;
    all->events.on_home(all->bus, home->host, home->url.port);
}

static void place_others(struct redis_cluster *all)
{
    for (size_t i = 0; i < all->count; i++)
        if (all->nodes[i] != all->home)
            redis_node_place(all->nodes[i]);
}

static void take_table(struct redis_cluster *all,
                       const struct redisReply *reply)
{
    static uint16_t slots[REDIS_SLOTS]; /* only the bus's thread */
    memset(slots, 0xff, sizeof slots);  /* NO_NODE */
    for (size_t i = 0; i < all->count; i++)
        all->nodes[i]->is_listed = false;
    for (size_t i = 0; i < redis_push_count(reply); i++)
        read_range(all, slots, redis_push_element(reply, i));
    bool is_same = memcmp(all->slots, slots, sizeof slots) == 0;
    for (size_t i = 0; i < REDIS_SLOTS; i++)
        move_slot(all, i, slots[i]);
    all->changes++;
    all->is_covered = !redis_slots_count(slots, NO_NODE);
    drop_unlisted(all);
    place_home(all);
    place_others(all);
    if (!is_same) {
        all->events.on_channels_lost(all->bus);
        all->events.on_channels_back(all->bus);
    }
    judge(all);
}

static void end_asking(struct redis_cluster *all, uint64_t pause_ms)
{
    all->is_asking = false;
    all->ask_ms = clock_steady_ms() + pause_ms;
}

/* A master that the others have replaced names itself for as long as it does
 * not reach them; then it serves nothing. Where no node serves, any table is as
 * good as another. */
static bool is_disbelieved(struct redis_cluster *all)
{
    if (!all->is_asked_down || !all->is_covered ||
        all->disbelieved >= all->count + all->bus->url.seed_count)
        all->disbelieved = 0;
    else
        all->disbelieved++;
    return all->disbelieved;
}

static void on_state(void *arg, const struct redisReply *reply)
{
    struct redis_cluster *all = arg;
    all->is_asked_down = redis_push_has_error(reply, "CLUSTERDOWN");
}

static void on_table(void *arg, const struct redisReply *reply)
{
    struct redis_cluster *all = arg;
    if (!redis_push_count(reply) || is_disbelieved(all)) {
        end_asking(all, AGAIN_MS);
        return;
    }
    redis_link_settle(all->asker);
    take_table(all, reply);
    end_asking(all, all->is_covered ? ASK_MS : AGAIN_MS);
}

static void on_asker_up(void *arg)
{
    struct redis_cluster *all = arg;
    const struct bytes words[] = {BYTES_LITERAL("CLUSTER"),
                                  BYTES_LITERAL("SLOTS")};
    char *home = redis_name(all->bus, "instances");
    const struct bytes state[] = {BYTES_LITERAL("HLEN"), bytes_of(home)};
    redis_link_send(all->asker, state, 2, on_state, all);
    redis_link_send(all->asker, words, 2, on_table, all);
    free(home);
}

static const char *judge_seed(void *arg, const struct redis_server *server)
{
    struct redis_cluster *all = arg;
    return all->events.judge(all->bus, server, REDIS_TARGET_SEED);
}

/* The next known node or seed, in turn. */
static void choose_asked(struct redis_cluster *all)
{
    const struct redis_url *url = &all->bus->url;
    size_t place = all->next_seed++ % (all->count + url->seed_count);
    bool is_node = place < all->count;
    const char *host =
        is_node ? all->nodes[place]->host : url->seeds[place - all->count].name;
    snprintf(all->asked_host, sizeof all->asked_host, "%s", host);
    all->asked = *url;
    all->asked.host = all->asked_host;
    all->asked.port = is_node ? all->nodes[place]->url.port
                              : url->seeds[place - all->count].port;
}

static void ask(struct redis_cluster *all)
{
    struct redis_bus *bus = all->bus;
    const struct redis_link_events events = {.judge = judge_seed,
                                             .on_up = on_asker_up,
                                             .arg = all,
                                             .reason = &bus->reason};
    redis_link_free(all->asker);
    choose_asked(all);
    all->is_asking = true;
    all->ask_ms = clock_steady_ms() + bus->options->connect_ms;
    all->asker = redis_link_new(bus->loop, NULL, bus->options, &all->asked,
                                bus->url.has_tls ? bus->tls : NULL, &events);
}

void redis_cluster_refresh(struct redis_cluster *all)
{
    uint64_t soon_ms = clock_steady_ms() + AGAIN_MS;
    if (!all->is_asking && all->ask_ms > soon_ms)
        all->ask_ms = soon_ms;
}

struct redis_link *redis_cluster_redirect(struct redis_cluster *all,
                                          const char *error, uint16_t *slot)
{
    struct redis_redirection to;
    bool is_moved = strncmp(error, "MOVED ", 6) == 0;
    if (!redis_push_redirection(error, &to))
        return NULL;
    *slot = to.slot;
    redis_cluster_refresh(all);
    struct redis_node *node =
        find_or_add(all, to.host[0] ? to.host : all->asked.host, to.port);
    if (!node)
        return NULL;
    all->changes += is_moved;
    if (is_moved)
        move_slot(all, to.slot, index_of(all, node));
    if (!commands_of(all, node)) {
        redis_node_place(node);
        judge(all);
    }
    return commands_of(all, node);
}

void redis_cluster_each(struct redis_cluster *all,
                        void (*visit)(void *arg, struct redis_link *commands),
                        void *arg)
{
    for (size_t i = 0; i < all->count; i++)
        visit(arg, commands_of(all, all->nodes[i]));
}

uint64_t redis_cluster_echo(struct redis_cluster *all,
                            const struct redis_link *subscriptions)
{
    for (size_t i = 0; i < all->count; i++) {
        struct redis_node *node = all->nodes[i];
        if (node->subscriptions == subscriptions && node->echo)
            return redis_node_echo(node);
    }
    return UINT64_MAX; /* the link is down, so waiting commands fail */
}

void redis_cluster_show(const struct redis_cluster *all,
                        struct redis_topology *topology)
{
    for (size_t i = 0; i < all->count; i++) {
        const struct redis_node *node = all->nodes[i];
        const char *role = node == all->home ? "home" : "master";
        struct redis_place *place = redis_topology_add(
            topology, role, node->host, node->url.port, commands_of(all, node));
        place->is_node = true;
        place->is_up = is_up(all, node);
        place->slots = redis_slots_count(all->slots, (uint16_t)i);
        place->replicas = node->replicas;
    }
}

static void count_nodes(const struct redis_cluster *all)
{
    size_t up = count_up(all);
    metrics_set(&all->bus->metrics, METRIC_REDIS_NODES_UP, up);
    metrics_set(&all->bus->metrics, METRIC_REDIS_NODES_DOWN, all->count - up);
}

static void on_check(void *arg)
{
    struct redis_cluster *all = arg;
    uint64_t now_ms = clock_steady_ms();
    uint64_t late_ms = loop_timer_late_ns(all->timer) / 1000000;
    count_nodes(all);
    for (size_t i = 0; i < all->count; i++)
        if (all->nodes[i] != all->home && all->nodes[i]->commands)
            redis_node_check(all->nodes[i], now_ms, late_ms);
    if (now_ms >= all->ask_ms)
        ask(all);
}

/* ---- what its nodes tell ------------------------------------------------ */

static const char *judge_node(void *arg, const struct redis_server *server)
{
    struct redis_cluster *all = arg;
    return all->events.judge(all->bus, server, REDIS_TARGET_NODE);
}

static bool owns(void *arg, const struct redis_node *node, uint16_t slot)
{
    return owner(arg, slot) == node;
}

static void refresh(void *arg)
{
    redis_cluster_refresh(arg);
}

static void on_lost(void *arg)
{
    struct redis_cluster *all = arg;
    all->events.on_channels_lost(all->bus);
}

static void on_back(void *arg)
{
    struct redis_cluster *all = arg;
    all->events.on_channels_back(all->bus);
}

static void on_push(void *arg, const struct redisReply *reply)
{
    struct redis_cluster *all = arg;
    all->events.on_push(all->bus, reply);
}

static void on_echo(void *arg, const struct redis_link *link, uint64_t number)
{
    struct redis_cluster *all = arg;
    all->events.on_echo(all->bus, link, number);
}

struct redis_cluster *
redis_cluster_new(struct redis_bus *bus,
                  const struct redis_cluster_events *events)
{
    struct redis_cluster *all = memory_new(1, sizeof *all);
    char *home = redis_name(bus, "instances");
    all->bus = bus;
    all->events = *events;
    all->node_events = (struct redis_node_events){.judge = judge_node,
                                                  .owns = owns,
                                                  .on_changed = judge,
                                                  .on_doubt = refresh,
                                                  .on_lost = on_lost,
                                                  .on_back = on_back,
                                                  .on_push = on_push,
                                                  .on_echo = on_echo,
                                                  .arg = all};
    all->home_slot = redis_slot_of(bytes_of(home));
    free(home);
    memset(all->slots, 0xff, sizeof all->slots); /* NO_NODE */
    all->timer = loop_timer_new(bus->loop, CHECK_MS, CHECK_MS, on_check, all);
    return all;
}

void redis_cluster_stop(struct redis_cluster *all)
{
    if (!all)
        return;
    loop_timer_free(all->timer);
    redis_link_free(all->asker);
    for (size_t i = 0; i < all->count; i++)
        redis_node_disconnect(all->nodes[i]);
}

void redis_cluster_free(struct redis_cluster *all)
{
    for (size_t i = 0; all && i < all->count; i++)
        redis_node_free(all->nodes[i]);
    free(all);
}
