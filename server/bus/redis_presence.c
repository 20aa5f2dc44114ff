/* Who is where, over all instances.
 *
 * A channel has two hashes: connections by instance and client, and instances
 * by client; presence.lua keeps them in step, one step a change, whatever the
 * number of members. An instance also keeps the set of channels it has
 * members in, so that whoever finds it dead knows where to look. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "bus/redis_bus.h"
#include "bus/redis_push.h"
#include "messaging/names.h"

static void on_done(void *arg, const struct redisReply *reply)
{
    /* what is lost with the link is restored when it is back */
    if (reply)
        redis_is_passing_error(arg, reply);
}

/* The set of channels this instance has members in: SADD or SREM. */
static void change_channels(struct redis_bus *bus, const char *verb,
                            const char *channel)
{
    char name[64];
    snprintf(name, sizeof name, "{instance:%s}:channels", bus->id);
    char *key = redis_name(bus, name);
    const struct bytes words[] = {bytes_of(verb), bytes_of(key),
                                  bytes_of(channel)};
    if (bus->is_serving)
        redis_link_send(bus->commands, words, 3, on_done, bus);
    free(key);
}

void redis_presence_forget(struct redis_bus *bus, const char *channel)
{
    change_channels(bus, "SREM", channel);
}

void redis_presence_set(struct redis_bus *bus, const char *channel,
                        const char *client, uint32_t connections)
{
    const struct channel_options *options = channel_options_find(
        &bus->instance->options->channels, channel);
    if (!options->presence || !bus->is_serving)
        return;
    char count[16];
    char time[24];
    snprintf(count, sizeof count, "%" PRIu32, connections);
    snprintf(time, sizeof time, "%" PRId64, clock_wall_ms());
    char *by_connection = redis_key(bus, channel, "p");
    char *by_client = redis_key(bus, channel, "n");
    char *pubsub = redis_key(bus, channel, "c");
    const struct bytes words[] = {
        bytes_of(by_connection),
        bytes_of(by_client),
        bytes_of(bus->id),
        bytes_of(client),
        bytes_of(count),
        options->join_leave ? BYTES_LITERAL("tell") : BYTES_LITERAL("quiet"),
        bytes_of(pubsub),
        bytes_of(time),
        redis_publish_verb(bus),
    };
    if (connections == 1)
        change_channels(bus, "SADD", channel);
    redis_call(bus, SCRIPT_PRESENCE, 2, words, sizeof words / sizeof *words,
               on_done, bus);
    free(by_connection);
    free(by_client);
    free(pubsub);
}

static void restore_member(struct redis_bus *bus, const char *channel,
                           const char *client, uint32_t connections)
{
    change_channels(bus, "SADD", channel);
    redis_presence_set(bus, channel, client, connections);
}

void redis_presence_restore(struct redis_bus *bus)
{
    redis_channels_each_member(bus, restore_member);
}

/* ---- heartbeats and the dead ------------------------------------------ */

/* One dead instance being buried. */
struct burial {
    struct redis_bus *bus;
    char id[REDIS_ID_LEN + 1];
    size_t open; /* channels not yet cleared */
    bool has_failed;
};

static void forget_instance(struct redis_bus *bus, const char *id)
{
    char name[64];
    snprintf(name, sizeof name, "{instance:%s}:channels", id);
    char *set = redis_name(bus, name);
    char *instances = redis_name(bus, "instances");
    const struct bytes del[] = {BYTES_LITERAL("DEL"), bytes_of(set)};
    const struct bytes rem[] = {BYTES_LITERAL("ZREM"), bytes_of(instances),
                                bytes_of(id)};
    redis_link_send(bus->commands, del, 2, on_done, bus);
    redis_link_send(bus->commands, rem, 3, on_done, bus);
    free(set);
    free(instances);
}

/* It stays on the list of the dead until every channel is cleared: should
 * this instance die meanwhile, another begins again. */
static void end_burial(struct burial *burial)
{
    if (!burial->has_failed) {
        forget_instance(burial->bus, burial->id);
        log_event(LOG_WARN, "An instance died; its clients were taken out",
                  LOG_TEXT("instance", burial->id));
    }
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

static void reap_channel(struct burial *burial, const char *channel)
{
    struct redis_bus *bus = burial->bus;
    const struct channel_options *options = channel_options_find(
        &bus->instance->options->channels, channel);
    char time[24];
    snprintf(time, sizeof time, "%" PRId64, clock_wall_ms());
    char *by_connection = redis_key(bus, channel, "p");
    char *by_client = redis_key(bus, channel, "n");
    char *pubsub = redis_key(bus, channel, "c");
    const struct bytes words[] = {
        bytes_of(by_connection),
        bytes_of(by_client),
        bytes_of(burial->id),
        options->join_leave ? BYTES_LITERAL("tell") : BYTES_LITERAL("quiet"),
        bytes_of(pubsub),
        bytes_of(time),
        redis_publish_verb(bus),
    };
    burial->open++;
    redis_call(bus, SCRIPT_REAP, 2, words, sizeof words / sizeof *words,
               on_reaped, burial);
    free(by_connection);
    free(by_client);
    free(pubsub);
}

static void on_channels_of_dead(void *arg, const struct redisReply *reply)
{
    struct burial *burial = arg;
    burial->open = 1; /* this answer itself */
    burial->has_failed = !reply || redis_push_error(reply);
    for (size_t i = 0; i < redis_push_count(reply); i++) {
        struct bytes name;
        if (redis_push_bytes(redis_push_element(reply, i), &name) &&
            channel_name_is_valid(name))
            reap_channel(burial, name.data);
    }
    if (!--burial->open)
        end_burial(burial);
}

static void bury(struct redis_bus *bus, struct bytes id)
{
    if (id.len != REDIS_ID_LEN)
        return;
    struct burial *burial = memory_new(1, sizeof *burial);
    burial->bus = bus;
    memcpy(burial->id, id.data, id.len);
    char name[64];
    snprintf(name, sizeof name, "{instance:%s}:channels", burial->id);
    char *key = redis_name(bus, name);
    const struct bytes words[] = {BYTES_LITERAL("SMEMBERS"), bytes_of(key)};
    redis_link_send(bus->commands, words, 2, on_channels_of_dead, burial);
    free(key);
}

/* The first element says whether Redis knew us; if not, we were buried, or
 * Redis lost its memory: we tell everything again. */
static void on_heartbeat(void *arg, const struct redisReply *reply)
{
    struct redis_bus *bus = arg;
    struct bytes known;
    if (!reply || redis_is_passing_error(bus, reply) ||
        !redis_push_bytes(redis_push_element(reply, 0), &known))
        return;
    bool was_known = bytes_equal(known, BYTES_LITERAL("1"));
    if (!was_known && bus->is_known)
        redis_presence_restore(bus);
    bus->is_known = true;
    for (size_t i = 1; i < redis_push_count(reply); i++) {
        struct bytes id;
        if (redis_push_bytes(redis_push_element(reply, i), &id))
            bury(bus, id);
    }
}

void redis_presence_tick(struct redis_bus *bus, uint64_t now_ms)
{
    if (!bus->is_serving || now_ms < bus->heartbeat_due_ms)
        return;
    uint64_t lease_ms = (uint64_t)bus->options->lease_seconds * 1000;
    bus->heartbeat_due_ms = now_ms + lease_ms / 4;
    char lease[24];
    snprintf(lease, sizeof lease, "%" PRIu64, lease_ms);
    char *instances = redis_name(bus, "instances");
    const struct bytes words[] = {bytes_of(instances), bytes_of(bus->id),
                                  bytes_of(lease)};
    redis_call(bus, SCRIPT_HEARTBEAT, 1, words, 3, on_heartbeat, bus);
    free(instances);
}

void redis_presence_farewell(struct redis_bus *bus)
{
    if (bus->is_serving)
        forget_instance(bus, bus->id);
}
