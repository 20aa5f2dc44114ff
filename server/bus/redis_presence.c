/* Who is where, over all instances.
 *
 * A channel has two hashes: connections by instance and client, and instances
 * by client; presence.lua keeps them in step, one step a change, whatever the
 * number of members. An instance also keeps the set of channels it has
 * members in, and that of its clients (redis_clients.c), so that whoever finds
 * it dead knows where to look. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "bus/redis_bus.h"
#include "bus/redis_push.h"
#include "messaging/names.h"

static void on_done(void *arg, const struct redisReply *reply)
{
    /* what is lost with the link is restored when it is back */
    if (reply)
        redis_is_passing_error(arg, reply);
}

/* What an instance has in Redis: "channels" with members, or "clients". */
static char *set_key(const struct redis_bus *bus, const char *id,
                     const char *what)
{
    char name[64];
    snprintf(name, sizeof name, "{instance:%s}:%s", id, what);
    return redis_name(bus, name);
}

void redis_presence_list(struct redis_bus *bus, const char *verb,
                         const char *what, const char *name)
{
    char *key = set_key(bus, bus->presence.id, what);
    const struct bytes words[] = {bytes_of(verb), bytes_of(key),
                                  bytes_of(name)};
    if (bus->is_serving)
        redis_link_send(bus->commands, words, 3, on_done, bus);
    free(key);
}

void redis_presence_forget(struct redis_bus *bus, const char *channel)
{
    redis_presence_list(bus, "SREM", "channels", channel);
}

/* Calls a script on a channel's members: `who` it is about, and then what
 * every such script needs to tell the subscribers of it. */
static void call_members(struct redis_bus *bus, enum redis_script script,
                         const char *channel, const struct bytes *who,
                         size_t who_count, redis_answer *answer, void *arg)
{
    const struct channel_options *options =
        channel_options_find(&bus->instance->options->channels, channel);
    char time[24];
    snprintf(time, sizeof time, "%" PRId64, clock_wall_ms());
    char *by_connection = redis_key(bus, channel, "p");
    char *by_client = redis_key(bus, channel, "n");
    char *pubsub = redis_key(bus, channel, "c");
    struct bytes words[16] = {bytes_of(by_connection), bytes_of(by_client)};
    size_t count = 2;
    for (size_t i = 0; i < who_count; i++)
        words[count++] = who[i];
    words[count++] = bytes_of(options->join_leave ? "tell" : "quiet");
    words[count++] = bytes_of(pubsub);
    words[count++] = bytes_of(time);
    words[count++] = redis_publish_verb(bus);
    redis_call(bus, script, 2, words, count, answer, arg);
    free(by_connection);
    free(by_client);
    free(pubsub);
}

/* A change whose news wait for what Redis says of it. */
struct change {
    struct redis_bus *bus;
    char channel[CHANNEL_NAME_MAX + 1];
    char client[CLIENT_ID_MAX + 1];
};

static void on_changed(void *arg, const struct redisReply *reply)
{
    struct change *change = arg;
    on_done(change->bus, reply);
    redis_news_of_change(change->bus, change->channel, change->client, reply);
    free(change);
}

static void send_change(struct redis_bus *bus, const char *channel,
                        const char *client, const struct bytes *who,
                        size_t who_count)
{
    if (!bus->instance->hooks) {
        call_members(bus, SCRIPT_PRESENCE, channel, who, who_count, on_done,
                     bus);
        return;
    }
    struct change *change = memory_new(1, sizeof *change);
    change->bus = bus;
    snprintf(change->channel, sizeof change->channel, "%s", channel);
    snprintf(change->client, sizeof change->client, "%s", client);
    call_members(bus, SCRIPT_PRESENCE, channel, who, who_count, on_changed,
                 change);
}

void redis_presence_set(struct redis_bus *bus, const char *channel,
                        const char *client, uint32_t connections)
{
    const struct channel_options *options =
        channel_options_find(&bus->instance->options->channels, channel);
    if (!options->presence || !bus->is_serving)
        return;
    bus->presence.is_used = true;
    char count[16];
    snprintf(count, sizeof count, "%" PRIu32, connections);
    const struct bytes who[] = {bytes_of(bus->presence.id), bytes_of(client),
                                bytes_of(count)};
    if (connections)
        redis_presence_list(bus, "SADD", "channels", channel);
    send_change(bus, channel, client, who, 3);
}

/* ---- heartbeats and the dead ------------------------------------------ */

/* One dead instance being buried. */
struct burial {
    struct redis_bus *bus;
    char id[REDIS_ID_LEN + 1];
    size_t open; /* questions and commands not yet answered */
    bool has_failed;
    bool is_ours; /* an id of this instance's own past */
};

static void forget_instance(struct redis_bus *bus, const char *id)
{
    char *channels = set_key(bus, id, "channels");
    char *clients = set_key(bus, id, "clients");
    char *instances = redis_name(bus, "instances");
    const struct bytes del[] = {BYTES_LITERAL("DEL"), bytes_of(channels),
                                bytes_of(clients)};
    const struct bytes rem[] = {BYTES_LITERAL("ZREM"), bytes_of(instances),
                                bytes_of(id)};
    redis_link_send(bus->commands, del, 3, on_done, bus);
    redis_link_send(bus->commands, rem, 3, on_done, bus);
    redis_instances_forget(bus, id);
    free(channels);
    free(clients);
    free(instances);
}

/* It stays on the list of the dead until everything is cleared: should this
 * instance die meanwhile, another begins again. */
static void end_burial(struct burial *burial)
{
    burial->bus->presence.burials--;
    if (!burial->has_failed)
        forget_instance(burial->bus, burial->id);
    if (!burial->has_failed && !burial->is_ours)
        log_event(LOG_WARN, "An instance died; its clients were taken out",
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

static void on_channel_reaped(void *arg, const struct redisReply *reply)
{
    struct reaping *reaping = arg;
    redis_news_of_reaped(reaping->burial->bus, reaping->channel, reply);
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
    call_members(burial->bus, SCRIPT_REAP, channel.data, who, 1,
                 on_channel_reaped, reaping);
}

static void reap_client(struct burial *burial, struct bytes client)
{
    if (!client_id_is_valid(client))
        return;
    burial->open++;
    redis_clients_reap(burial->bus, client.data, burial->id, on_reaped,
                       burial);
}

static void reap_each(struct burial *burial, const struct redisReply *reply,
                      void (*reap)(struct burial *burial, struct bytes name))
{
    struct bytes name;
    for (size_t i = 0; i < redis_push_count(reply); i++)
        if (redis_push_bytes(redis_push_element(reply, i), &name))
            reap(burial, name);
    on_reaped(burial, reply); /* this question is answered */
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
    char *key = set_key(burial->bus, burial->id, what);
    const struct bytes words[] = {BYTES_LITERAL("SMEMBERS"), bytes_of(key)};
    redis_link_send(burial->bus->commands, words, 2, answer, burial);
    free(key);
}

static void bury(struct redis_bus *bus, struct bytes id, bool is_ours)
{
    if (id.len != REDIS_ID_LEN)
        return;
    struct burial *burial = memory_new(1, sizeof *burial);
    burial->bus = bus;
    burial->is_ours = is_ours;
    memcpy(burial->id, id.data, id.len);
    burial->open = 2;
    bus->presence.burials++;
    ask_what_it_had(burial, "channels", on_channels_of_dead);
    ask_what_it_had(burial, "clients", on_clients_of_dead);
}

/* ---- this instance ------------------------------------------------------ */

static uint64_t lease_ms(const struct redis_bus *bus)
{
    return (uint64_t)bus->options->lease_seconds * 1000;
}

/* Eight heartbeats a lease; five that are missing count as death, so that the
 * dead are gone before the lease is over. */
static void send_heartbeat(struct redis_bus *bus, redis_answer *answer)
{
    char silence[24];
    snprintf(silence, sizeof silence, "%" PRIu64, lease_ms(bus) * 5 / 8);
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
    send_heartbeat(bus, answer);
}

/* All is told under the new id before the old one is buried: so nobody seems
 * to leave who is still there. When Redis was away, the others may not have
 * come back yet: they get the time of a lease. */
void redis_presence_restore(struct redis_bus *bus)
{
    struct redis_presence *presence = &bus->presence;
    presence->is_used = true;
    presence->is_known = true;
    presence->bury_ms = clock_steady_ms() + lease_ms(bus);
    redis_channels_each_member(bus, redis_presence_set);
    redis_clients_tell_all(bus);
    if (presence->former[0])
        bury(bus, bytes_of(presence->former), true);
    presence->former[0] = '\0';
}

static void on_registered_again(void *arg, const struct redisReply *reply)
{
    struct redis_bus *bus = arg;
    if (reply && !redis_is_passing_error(bus, reply) &&
        !redis_push_error(reply))
        redis_presence_restore(bus);
}

/* The first element says whether Redis knew us; if not, we were buried, or
 * Redis lost its memory: we tell everything again. */
static void on_heartbeat(void *arg, const struct redisReply *reply)
{
    struct redis_bus *bus = arg;
    struct redis_presence *presence = &bus->presence;
    struct bytes known;
    if (!reply || redis_is_passing_error(bus, reply) || !presence->is_known ||
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
        if (redis_push_bytes(redis_push_element(reply, i), &id))
            bury(bus, id, false);
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
                          const char *client, uint32_t connections)
{
    (void)connections;
    redis_presence_set(bus, channel, client, 0);
}

void redis_presence_farewell(struct redis_bus *bus)
{
    if (!bus->is_serving)
        return;
    redis_channels_each_member(bus, remove_member);
    redis_clients_farewell(bus);
    forget_instance(bus, bus->presence.id);
}
