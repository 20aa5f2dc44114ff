/* A client's connections on all instances: their number, and the newest one, if
 * the config limits the number or allows only one.  Redis keeps a hash for each
 * client (client.lua). An instance updates it when its own connections change,
 * and evaluates the answer after the handshake: excess connections are closed,
 * the newest first.  If only one connection is allowed, it is claimed. Redis
 * numbers the claims; each is published to all instances, and an instance that
 * receives a number higher than its own claim's closes the connections it had
 * claimed. A connection whose claim is in progress is spared: it is newer, or
 * its answer decides. So exactly one of two simultaneous connections remains.
 * After an outage of Redis or pub/sub everything is sent again; this claims
 * nothing twice, because Redis stores up to which stamp an instance has
 * claimed. */
#include "bus/redis/redis_clients.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "bus/redis/redis_call.h"
#include "bus/redis/redis_client_name.h"
#include "bus/redis/redis_keys.h"
#include "bus/redis/redis_link.h"
#include "bus/redis/redis_members.h"
#include "bus/redis/redis_push.h"
#include "bus/redis/redis_send.h"
#include "messaging/clients.h"

/* A client stored in Redis, until its removal is stored. */
struct redis_client {
    uint32_t told;          /* connections */
    uint64_t claimed_stamp; /* the newest claimed connection; 0: none */
    uint64_t claim;         /* its number */
    uint64_t newer_claim;   /* the highest received number of others */
    uint32_t calls;         /* in progress */
    bool is_listed;         /* in this instance's set of clients */
    UT_hash_handle hh;
    char id[];
};

/* An update, until Redis has answered. */
struct telling {
    struct redis_bus *bus;
    struct redis_client *client;
    struct client_view told;
    uint32_t limit; /* 0: none */
};

static bool is_single(const struct redis_bus *bus)
{
    return bus->instance->options->single_connection;
}

static struct redis_client *find(struct redis_bus *bus, const char *id)
{
    struct redis_client *client;
    HASH_FIND_NAMED(bus->clients, bytes_of(id), client);
    return client;
}

static struct redis_client *find_or_add(struct redis_bus *bus, const char *id)
{
    struct redis_client *client;
    HASH_FIND_OR_ADD_NAMED(bus->clients, id, bytes_of(id), client);
    return client;
}

static void drop(struct redis_bus *bus, struct redis_client *client)
{
    HASH_DEL(bus->clients, client);
    free(client);
}

static char *client_key(const struct redis_bus *bus, const char *id)
{
    struct buffer key = {0};
    buffer_append_format(&key, "%s{client:", bus->options->prefix);
    redis_client_name_append(&key, bytes_of(id));
    buffer_append_text(&key, "}:connections");
    buffer_text(&key);
    return key.data;
}

/* ---- the judgement ------------------------------------------------------ */

/* Connections newer than the claim wait for another claim. */
static void judge_claim(struct redis_bus *bus, struct redis_client *client)
{
    if (client->newer_claim > client->claim)
        clients_close_up_to(bus->instance->clients, client->id,
                            client->claimed_stamp, 0, CLOSE_REPLACED);
}

static void hear_of(struct redis_client *client, uint64_t claim)
{
    if (claim > client->newer_claim)
        client->newer_claim = claim;
}

void redis_clients_on_claim(struct redis_bus *bus, const char *id,
                            struct bytes instance, uint64_t claim)
{
    struct redis_client *client = find(bus, id);
    if (!client || !is_single(bus) || bytes_equal(instance, bytes_of(bus->id)))
        return;
    hear_of(client, claim);
    judge_claim(bus, client);
}

static void judge_count(const struct telling *telling, uint32_t too_many)
{
    struct redis_bus *bus = telling->bus;
    const struct client_view *told = &telling->told;
    if (!too_many || too_many > told->connections)
        return;
    uint32_t closed = clients_close_up_to(
        bus->instance->clients, telling->client->id, told->newest,
        told->connections - too_many, CLOSE_TOO_MANY_CONNECTIONS);
    metrics_add(&bus->metrics, METRIC_LIMIT_CLIENT, closed);
}

static void take_answer(const struct telling *telling,
                        const struct redisReply *reply)
{
    struct redis_client *client = telling->client;
    int64_t too_many;
    int64_t claim;
    int64_t newer_claim;
    if (!redis_push_number(redis_push_element(reply, 0), &too_many) ||
        !redis_push_number(redis_push_element(reply, 1), &claim) ||
        !redis_push_number(redis_push_element(reply, 2), &newer_claim))
        return;
    judge_count(telling, (uint32_t)too_many);
    client->claim = (uint64_t)claim;
    if (telling->told.newest > client->claimed_stamp)
        client->claimed_stamp = telling->told.newest;
    hear_of(client, (uint64_t)newer_claim);
}

/* After a lost answer, everything is sent again. */
static void on_told(void *arg, const struct redisReply *reply)
{
    struct telling *telling = arg;
    struct redis_bus *bus = telling->bus;
    struct redis_client *client = telling->client;
    client->calls--;
    redis_presence_on_told(bus, reply);
    if (reply && !redis_is_passing_error(reply))
        take_answer(telling, reply);
    if (is_single(bus))
        judge_claim(bus, client);
    if (!client->calls && !client->told)
        drop(bus, client);
    free(telling);
}

/* ---- telling ------------------------------------------------------------ */

/* The instance that buries this one looks there for its clients. */
static void list(struct redis_bus *bus, struct redis_client *client,
                 bool is_here)
{
    if (client->is_listed == is_here)
        return;
    client->is_listed = is_here;
    char *name = redis_client_name(client->id);
    redis_presence_list(bus, is_here ? "SADD" : "SREM", "clients", name);
    free(name);
}

static void send_view(struct telling *telling)
{
    struct redis_bus *bus = telling->bus;
    struct redis_client *client = telling->client;
    const uint64_t numbers[] = {
        telling->told.connections,
        telling->limit,
        is_single(bus) ? telling->told.newest : 0,
        client->claim,
        client->claimed_stamp,
        (uint64_t)clock_wall_ms(),
    };
    char texts[6][24];
    for (size_t i = 0; i < 6; i++)
        snprintf(texts[i], sizeof texts[i], "%" PRIu64, numbers[i]);
    char *key = client_key(bus, client->id);
    char *control = redis_name(bus, "control");
    char *name = redis_client_name(client->id);
    const struct bytes words[] = {
        bytes_of(key),      bytes_of(bus->presence.id), bytes_of(bus->id),
        bytes_of(texts[0]), bytes_of(texts[1]),         bytes_of(texts[2]),
        bytes_of(texts[3]), bytes_of(texts[4]),         bytes_of(control),
        bytes_of(name),     bytes_of(texts[5]),
    };
    redis_call(bus, SCRIPT_CLIENT, 1, words, 11, on_told, telling);
    free(key);
    free(name);
    free(control);
}

static struct client_view look(const struct redis_bus *bus, const char *id)
{
    const struct client_view nobody = {0};
    return bus->limits_clients ? clients_look(bus->instance->clients, id)
                               : nobody;
}

static void tell_within(struct redis_bus *bus, const char *id, uint32_t limit)
{
    struct client_view view = look(bus, id);
    if (!bus->is_serving || (!view.connections && !find(bus, id)))
        return; /* redis_clients_tell_all repeats missed updates */
    struct redis_client *client = find_or_add(bus, id);
    struct telling *telling = memory_new(1, sizeof *telling);
    telling->bus = bus;
    telling->client = client;
    telling->told = view;
    telling->limit = limit;
    client->told = view.connections;
    client->calls++;
    bus->presence.is_used = true;
    list(bus, client, view.connections > 0);
    send_view(telling);
}

void redis_clients_tell(struct redis_bus *bus, const char *id)
{
    tell_within(bus, id, bus->instance->options->limits.connections_per_client);
}

static void tell(void *arg, const char *id)
{
    redis_clients_tell(arg, id);
}

static void tell_as_it_is(void *arg, const char *id)
{
    tell_within(arg, id, 0);
}

static void tell_all(struct redis_bus *bus,
                     void (*tell_one)(void *arg, const char *id))
{
    struct redis_client *client;
    struct redis_client *next;
    HASH_ITER(hh, bus->clients, client, next)
    {
        if (look(bus, client->id).connections)
            client->is_listed = false; /* under the new id */
        else
            redis_clients_tell(bus, client->id);
    }
    if (bus->limits_clients)
        clients_each(bus->instance->clients, tell_one, bus);
}

void redis_clients_tell_all(struct redis_bus *bus)
{
    tell_all(bus, tell);
}

/* A new limit keeps existing connections; removing the limit removes them from
 * Redis. */
void redis_clients_tick(struct redis_bus *bus)
{
    bool limits = options_limit_clients(bus->instance->options);
    if (bus->limits_clients == limits)
        return;
    bus->limits_clients = limits;
    tell_all(bus, tell_as_it_is);
}

void redis_clients_list_former(struct redis_bus *bus)
{
    struct redis_client *client;
    struct redis_client *next;
    HASH_ITER(hh, bus->clients, client, next)
    {
        char *name = redis_client_name(client->id);
        redis_presence_list_former(bus, "clients", name);
        free(name);
    }
}

void redis_clients_reap(struct redis_bus *bus, const char *id, const char *dead,
                        redis_answer *answer, void *arg)
{
    char *key = client_key(bus, id);
    const struct bytes words[] = {BYTES_LITERAL("HDEL"), bytes_of(key),
                                  bytes_of(dead)};
    redis_send(bus, words, 3, answer, arg);
    free(key);
}

void redis_clients_farewell(struct redis_bus *bus)
{
    struct redis_client *client;
    struct redis_client *next;
    HASH_ITER(hh, bus->clients, client, next)
    redis_clients_reap(bus, client->id, bus->presence.id, NULL, NULL);
}

void redis_clients_free(struct redis_bus *bus)
{
    struct redis_client *client;
    struct redis_client *next;
    HASH_ITER(hh, bus->clients, client, next)
    drop(bus, client);
}
