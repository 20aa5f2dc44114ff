#include "bus/redis/redis_channel_table.h"

#include <stdlib.h>
#include <string.h>

#include "bus/redis/redis_keys.h"
#include "bus/redis/redis_slots.h"

static uint16_t slot_of(const struct redis_bus *bus, const char *name)
{
    if (!bus->url.is_cluster)
        return 0;
    char *key = redis_key(bus, name, "c");
    uint16_t slot = redis_slot_of(bytes_of(key));
    free(key);
    return slot;
}

struct redis_channel *redis_channel_find(struct redis_bus *bus,
                                         const char *name)
{
    struct redis_channel *channel;
    HASH_FIND_NAMED(bus->channels, bytes_of(name), channel);
    return channel;
}

struct redis_channel *redis_channel_find_or_add(struct redis_bus *bus,
                                                const char *name)
{
    struct redis_channel *channel = redis_channel_find(bus, name);
    if (channel)
        return channel;
    HASH_ADD_NAMED(bus->channels, name, bytes_of(name), channel);
    channel->bus = bus;
    channel->slot = slot_of(bus, name);
    channel->waiting_end = &channel->waiting;
    channel->options =
        channel_options_find(&bus->instance->options->channels, name);
    channel->roster.is_due = true;
    return channel;
}

struct member_visit {
    struct redis_channel *channel;
    void (*visit)(struct redis_bus *bus, const char *channel,
                  const char *client, uint32_t connections, struct bytes info);
};

static void visit_member(void *arg, const char *client, uint32_t connections,
                         struct bytes info)
{
    struct member_visit *visit = arg;
    visit->visit(visit->channel->bus, visit->channel->name, client, connections,
                 info);
}

void redis_channels_each_member(
    struct redis_bus *bus,
    void (*visit)(struct redis_bus *bus, const char *channel,
                  const char *client, uint32_t connections, struct bytes info))
{
    struct redis_channel *channel;
    struct redis_channel *next;
    HASH_ITER(hh, bus->channels, channel, next)
    {
        struct member_visit member_visit = {channel, visit};
        members_each(&channel->members, visit_member, &member_visit);
    }
}
