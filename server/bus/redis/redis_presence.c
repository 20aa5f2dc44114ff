/* Members of channels on all instances.
 *
 * A channel has two hashes: connections by instance and client, and instances
 * by client; presence.lua keeps them consistent, in constant time per change.
 * An instance also keeps the set of channels in which it has members, and that
 * of its clients (redis_clients.c), so that another instance can bury it. */
#include "bus/redis/redis_presence.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "bus/redis/redis_client_name.h"
#include "bus/redis/redis_leavers.h"
#include "bus/redis/redis_members.h"
#include "bus/redis/redis_webhook_events.h"
#include "messaging/names.h"

void redis_presence_forget(struct redis_bus *bus, const char *channel)
{
    if (!redis_leavers_wait_in(bus, channel))
        redis_presence_list(bus, "SREM", "channels", channel);
}

/* A change whose event depends on Redis' answer. */
struct change {
    struct redis_bus *bus;
    char *info;
    char channel[CHANNEL_NAME_MAX + 1];
    char client[CLIENT_ID_MAX + 1];
};

static void on_changed(void *arg, const struct redisReply *reply)
{
    struct change *change = arg;
    redis_presence_on_told(change->bus, reply);
    redis_webhook_events_of_change(change->bus, change->channel, change->client,
                                   bytes_of(change->info), reply);
    free(change->info);
    free(change);
}

static void send_change(struct redis_bus *bus, const char *channel,
                        const char *client,
                        const struct bytes who[REDIS_CHANGE_WORDS])
{
    if (!bus->instance->hooks) {
        redis_presence_call(bus, SCRIPT_PRESENCE, channel, who,
                            REDIS_CHANGE_WORDS, 0, redis_presence_on_told, bus);
        return;
    }
    struct change *change = memory_new(1, sizeof *change);
    struct bytes info = who[REDIS_CHANGE_WORDS - 1];
    change->bus = bus;
    change->info = memory_copy_text(info.data, info.len);
    snprintf(change->channel, sizeof change->channel, "%s", channel);
    snprintf(change->client, sizeof change->client, "%s", client);
    redis_presence_call(bus, SCRIPT_PRESENCE, channel, who, REDIS_CHANGE_WORDS,
                        0, on_changed, change);
}

void redis_presence_set(struct redis_bus *bus, const char *channel,
                        const char *client, uint32_t connections,
                        struct bytes info)
{
    const struct channel_options *options =
        channel_options_find(&bus->instance->options->channels, channel);
    if (!options->presence || !bus->is_serving)
        return;
    bus->presence.is_used = true;
    char count[16];
    snprintf(count, sizeof count, "%" PRIu32, connections);
    char *name = redis_client_name(client);
    const struct bytes who[] = {bytes_of(bus->presence.id), bytes_of(name),
                                bytes_of(count),
                                info.len ? info : bytes_of("")};
    if (connections)
        redis_presence_list(bus, "SADD", "channels", channel);
    else if (options->leave_seconds)
        redis_leavers_add(bus, channel, client,
                          (uint64_t)options->leave_seconds * 1000);
    send_change(bus, channel, client, who);
    free(name);
}
