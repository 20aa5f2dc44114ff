/* Heartbeats, and the members of the dead.
 *
 * Each instance keeps a lease. An instance that finds an expired lease removes
 * the dead instance's members and clients from Redis, using the sets of
 * redis_presence.c and redis_clients.c. */
#include "bus/redis/redis_lease.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "bus/redis/redis_call.h"
#include "bus/redis/redis_channel_table.h"
#include "bus/redis/redis_client_name.h"
#include "bus/redis/redis_clients.h"
#include "bus/redis/redis_instances.h"
#include "bus/redis/redis_keys.h"
#include "bus/redis/redis_leavers.h"
#include "bus/redis/redis_link.h"
#include "bus/redis/redis_members.h"
#include "bus/redis/redis_presence.h"
#include "bus/redis/redis_push.h"
#include "bus/redis/redis_roster.h"
#include "bus/redis/redis_send.h"
#include "bus/redis/redis_webhook_events.h"
#include "messaging/names.h"

/* One dead instance being buried. */
struct burial {
    struct redis_bus *bus;
    char id[REDIS_ID_LEN + 1];
    size_t open; /* unanswered queries and commands */
    bool has_failed;
    bool is_expected;    /* this instance's former id, or one that announced its
                            end */
    uint64_t silence_ms; /* minimum time since its death */
};

static uint64_t lease_ms(const struct redis_bus *bus)
{
    return (uint64_t)bus->options->lease_seconds * 1000;
}

/* Eight heartbeats per lease; five missing ones count as death, so that dead
 * instances are removed before the lease ends. */
static uint64_t silence_ms(const struct redis_bus *bus)
{
    return lease_ms(bus) * 5 / 8;
}

static void forget_instance(struct redis_bus *bus, const char *id)
{
    char *channels = redis_presence_key(bus, id, "channels");
    char *clients = redis_presence_key(bus, id, "clients");
    char *instances = redis_name(bus, "instances");
    const struct bytes del[] = {BYTES_LITERAL("DEL"), bytes_of(channels),
                                bytes_of(clients)};
    const struct bytes rem[] = {BYTES_LITERAL("ZREM"), bytes_of(instances),
                                bytes_of(id)};
    redis_send(bus, del, 3, NULL, NULL);
    redis_send(bus, rem, 3, NULL, NULL);
    redis_instances_forget(bus, id);
    free(channels);
    free(clients);
    free(instances);
}

/* It stays on the list of dead instances until everything is removed, so that
 * another instance can restart if this one dies. */
static void end_burial(struct burial *burial)
{
    burial->bus->presence.burials--;
    if (!burial->has_failed)
        forget_instance(burial->bus, burial->id);
    if (!burial->has_failed && !burial->is_expected)
        log_event(LOG_WARN, "Failed instance removed",
                  LOG_TEXT("instance", burial->id));
    free(burial);
}

static void on_reaped(void *arg, const struct redisReply *reply)
{
    struct burial *burial = arg;
    if (!reply || redis_push_error(reply))
        burial->has_failed = true;
    if (!--burial->open)
        end_burial(burial);
}

/* One channel of the burial. */
struct reaping {
    struct burial *burial;
    char channel[CHANNEL_NAME_MAX + 1];
};

/* Takes over the dead instance's clients within their grace period. */
static void take_leavers(const struct reaping *reaping,
                         const struct redisReply *leavers)
{
    for (size_t i = 0; i + 1 < redis_push_count(leavers); i += 2) {
        struct bytes name;
        int64_t wait_ms;
        char client[CLIENT_ID_MAX + 1];
        if (redis_push_bytes(redis_push_element(leavers, i), &name) &&
            redis_push_number(redis_push_element(leavers, i + 1), &wait_ms) &&
            redis_client_name_read(name, client))
            redis_leavers_add(reaping->burial->bus, reaping->channel, client,
                              wait_ms > 0 ? (uint64_t)wait_ms : 0);
    }
}

static void on_channel_reaped(void *arg, const struct redisReply *reply)
{
    struct reaping *reaping = arg;
    redis_webhook_events_of_reaped(reaping->burial->bus, reaping->channel,
                                   reply);
    take_leavers(reaping, redis_push_element(reply, 2));
    on_reaped(reaping->burial, reply);
    free(reaping);
}

static void reap_channel(struct burial *burial, struct bytes channel)
{
    const struct bytes who[] = {bytes_of(burial->id)};
    if (!channel_name_is_valid(channel))
        return;
    struct reaping *reaping = memory_new(1, sizeof *reaping);
    reaping->burial = burial;
    snprintf(reaping->channel, sizeof reaping->channel, "%s", channel.data);
    burial->open++;
    redis_presence_call(burial->bus, SCRIPT_REAP, channel.data, who, 1,
                        burial->silence_ms, on_channel_reaped, reaping);
}

static void reap_client(struct burial *burial, struct bytes name)
{
    char client[CLIENT_ID_MAX + 1];
    if (!redis_client_name_read(name, client))
        return;
    burial->open++;
    redis_clients_reap(burial->bus, client, burial->id, on_reaped, burial);
}

static void reap_each(struct burial *burial, const struct redisReply *reply,
                      void (*reap)(struct burial *burial, struct bytes name))
{
    struct bytes name;
    for (size_t i = 0; i < redis_push_count(reply); i++)
        if (redis_push_bytes(redis_push_element(reply, i), &name))
            reap(burial, name);
    on_reaped(burial, reply); /* this query is answered */
}

static void on_channels_of_dead(void *arg, const struct redisReply *reply)
{
    reap_each(arg, reply, reap_channel);
}

static void on_clients_of_dead(void *arg, const struct redisReply *reply)
{
    reap_each(arg, reply, reap_client);
}

static void ask_what_it_had(struct burial *burial, const char *what,
                            redis_answer *answer)
{
    char *key = redis_presence_key(burial->bus, burial->id, what);
    const struct bytes words[] = {BYTES_LITERAL("SMEMBERS"), bytes_of(key)};
    redis_send(burial->bus, words, 2, answer, burial);
    free(key);
}

static void bury(struct redis_bus *bus, struct bytes id, bool is_expected)
{
    if (id.len != REDIS_ID_LEN)
        return;
    struct burial *burial = memory_new(1, sizeof *burial);
    burial->bus = bus;
    burial->is_expected = is_expected;
    burial->silence_ms = is_expected ? 0 : silence_ms(bus);
    memcpy(burial->id, id.data, id.len);
    burial->open = 2;
    bus->presence.burials++;
    ask_what_it_had(burial, "channels", on_channels_of_dead);
    ask_what_it_had(burial, "clients", on_clients_of_dead);
}

static void send_heartbeat(struct redis_bus *bus, redis_answer *answer)
{
    char silence[24];
    snprintf(silence, sizeof silence, "%" PRIu64, silence_ms(bus));
    char *instances = redis_name(bus, "instances");
    const struct bytes words[] = {
        bytes_of(instances), bytes_of(bus->presence.id), bytes_of(silence)};
    redis_call(bus, SCRIPT_HEARTBEAT, 1, words, 3, answer, bus);
    free(instances);
}

void redis_presence_register(struct redis_bus *bus, redis_answer *answer)
{
    struct redis_presence *presence = &bus->presence;
    if (presence->is_used)
        memcpy(presence->former, presence->id, sizeof presence->former);
    if (presence->is_used || !presence->id[0])
        snprintf(presence->id, sizeof presence->id, "%016" PRIx64,
                 random_uint64());
    presence->is_used = false;
    presence->is_known = false;
    presence->is_doubtful = false;
    send_heartbeat(bus, answer);
}

static void list_former(struct redis_bus *bus, const char *channel,
                        const char *client, uint32_t connections,
                        struct bytes info)
{
    (void)client;
    (void)connections;
    (void)info;
    redis_presence_list_former(bus, "channels", channel);
}

/* Cluster nodes fail one by one: the lists may lack members that another node
 * has. */
static void bury_former(struct redis_bus *bus)
{
    struct redis_presence *presence = &bus->presence;
    if (!presence->former[0])
        return;
    if (bus->cluster) {
        redis_channels_each_member(bus, list_former);
        redis_clients_list_former(bus);
    }
    bury(bus, bytes_of(presence->former), true);
    presence->former[0] = '\0';
}

/* Everything is stored under the new id before the old one is buried, so that
 * remaining members do not appear to leave. After an outage, other instances
 * may not have reconnected yet, so they get the time of a lease. */
void redis_presence_restore(struct redis_bus *bus)
{
    struct redis_presence *presence = &bus->presence;
    presence->is_used = true;
    presence->is_known = true;
    presence->bury_ms = clock_steady_ms() + lease_ms(bus);
    redis_channels_each_member(bus, redis_presence_set);
    redis_rosters_doubt(bus);
    redis_leavers_tell_all(bus);
    redis_clients_tell_all(bus);
    bury_former(bus);
}

static void on_registered_again(void *arg, const struct redisReply *reply)
{
    struct redis_bus *bus = arg;
    if (reply && !redis_push_error(reply))
        redis_presence_restore(bus);
    else
        bus->presence.is_doubtful = true;
}

/* Same as after an outage, once all nodes are available: updates may have been
 * lost with a node. Rate-limited for unstable nodes. */
void redis_presence_tick(struct redis_bus *bus)
{
    enum { PAUSE_MS = 5000 };
    struct redis_presence *presence = &bus->presence;
    uint64_t now_ms = clock_steady_ms();
    if (!presence->is_doubtful || !bus->is_ready || presence->burials ||
        bus->writes.are_refused ||
        clock_elapsed(now_ms, presence->renewed_ms) < PAUSE_MS)
        return;
    presence->renewed_ms = now_ms;
    redis_presence_register(bus, on_registered_again);
}

/* The first element tells whether Redis knew this instance; if not, it was
 * buried, or Redis lost its data: everything is stored again. */
static void on_heartbeat(void *arg, const struct redisReply *reply)
{
    struct redis_bus *bus = arg;
    struct redis_presence *presence = &bus->presence;
    struct bytes known;
    if (!reply || redis_is_passing_error(reply) || !presence->is_known ||
        !redis_push_bytes(redis_push_element(reply, 0), &known))
        return;
    if (!bytes_equal(known, BYTES_LITERAL("1"))) {
        redis_presence_register(bus, on_registered_again);
        return;
    }
    if (presence->burials || clock_steady_ms() < presence->bury_ms)
        return;
    for (size_t i = 1; i < redis_push_count(reply); i++) {
        struct bytes id;
        if (!redis_push_bytes(redis_push_element(reply, i), &id))
            continue;
        bool said_farewell = id.len && *id.data == '-';
        bury(bus, bytes_skip(id, said_farewell), said_farewell);
    }
}

static void on_heartbeat_due(void *arg)
{
    struct redis_bus *bus = arg;
    if (!bus->is_serving)
        return;
    send_heartbeat(bus, on_heartbeat);
    redis_instances_tell(bus);
}

void redis_presence_init(struct redis_bus *bus)
{
    uint64_t period_ms = lease_ms(bus) / 8;
    bus->presence.heartbeat =
        loop_timer_new(bus->loop, period_ms, period_ms, on_heartbeat_due, bus);
}

void redis_presence_deinit(struct redis_bus *bus)
{
    loop_timer_free(bus->presence.heartbeat);
}

static void remove_member(struct redis_bus *bus, const char *channel,
                          const char *client, uint32_t connections,
                          struct bytes info)
{
    (void)connections;
    redis_presence_set(bus, channel, client, 0, info);
}

/* Backdates the heartbeat: the next instance that checks buries this one, and
 * takes over its clients' grace periods. */
static void hand_over_leavers(struct redis_bus *bus)
{
    char *instances = redis_name(bus, "instances");
    const struct bytes words[] = {BYTES_LITERAL("ZADD"), bytes_of(instances),
                                  BYTES_LITERAL("0"),
                                  bytes_of(bus->presence.id)};
    redis_send(bus, words, 4, NULL, NULL);
    redis_instances_forget(bus, bus->presence.id);
    free(instances);
}

void redis_presence_farewell(struct redis_bus *bus)
{
    if (!bus->is_serving)
        return;
    redis_channels_each_member(bus, remove_member);
    redis_clients_farewell(bus);
    if (redis_leavers_wait(bus))
        hand_over_leavers(bus);
    else
        forget_instance(bus, bus->presence.id);
}
