#include "bus/redis/redis_subscribe.h"

#include <stdlib.h>

#include "base/memory.h"
#include "bus/redis/redis_call.h"
#include "bus/redis/redis_keys.h"
#include "bus/redis/redis_link.h"
#include "bus/redis/redis_wire.h"

enum { GROUP_MAX = REDIS_WORDS_MAX - 1, GROUP_BYTES = 32768 };

/* The channels of one command. */
struct group {
    struct bytes words[GROUP_MAX + 1];
    size_t count; /* of words */
    size_t bytes;
};

/* Sorted by link and slot, so that channels for one command are adjacent. */
static int compare(const void *one, const void *other)
{
    const struct redis_channel *a = *(struct redis_channel *const *)one;
    const struct redis_channel *b = *(struct redis_channel *const *)other;
    if (a->link != b->link)
        return (uintptr_t)a->link < (uintptr_t)b->link ? -1 : 1;
    return a->slot - b->slot;
}

static void begin_group(struct group *group, struct bytes verb)
{
    group->words[0] = verb;
    group->count = 1;
    group->bytes = 0;
}

static void send_group(struct group *group, struct redis_link *link)
{
    redis_link_push(link, group->words, group->count);
    for (size_t i = 1; i < group->count; i++)
        free((char *)group->words[i].data);
}

static bool fits(const struct group *group, const struct redis_channel *last,
                 const struct redis_channel *next, size_t len)
{
    return group->count <= GROUP_MAX && group->bytes + len <= GROUP_BYTES &&
           last->link == next->link && last->slot == next->slot;
}

static void send_all(struct redis_bus *bus, struct bytes verb,
                     struct redis_channel **channels, size_t count)
{
    struct group group;
    begin_group(&group, verb);
    qsort(channels, count, sizeof *channels, compare);
    for (size_t i = 0; i < count; i++) {
        struct bytes name = bytes_of(redis_key(bus, channels[i]->name, "c"));
        if (i && !fits(&group, channels[i - 1], channels[i], name.len)) {
            send_group(&group, channels[i - 1]->link);
            begin_group(&group, verb);
        }
        group.words[group.count++] = name;
        group.bytes += name.len;
    }
    if (count)
        send_group(&group, channels[count - 1]->link);
}

void redis_subscribe_later(struct redis_channel *channel)
{
    struct redis_bus *bus = channel->bus;
    if (channel->is_gathered)
        return;
    channel->is_gathered = true;
    channel->next_gathered = bus->gathered;
    bus->gathered = channel;
    bus->gathered_count++;
}

/* Of what was gathered, what is still to be subscribed to. */
static size_t take_gathered(struct redis_bus *bus,
                            struct redis_channel **channels)
{
    size_t count = 0;
    for (struct redis_channel *channel = bus->gathered; channel;
         channel = channel->next_gathered) {
        channel->is_gathered = false;
        if (channel->stage == SUBSCRIBING)
            channels[count++] = channel;
    }
    bus->gathered = NULL;
    bus->gathered_count = 0;
    return count;
}

void redis_subscribe_gathered(struct redis_bus *bus)
{
    if (!bus->gathered)
        return;
    struct redis_channel **channels =
        memory_new(bus->gathered_count, sizeof(struct redis_channel *));
    size_t count = take_gathered(bus, channels);
    send_all(bus,
             redis_is_sharded(bus) ? BYTES_LITERAL("SSUBSCRIBE")
                                   : BYTES_LITERAL("SUBSCRIBE"),
             channels, count);
    free(channels);
}

void redis_unsubscribe(struct redis_bus *bus, struct redis_channel **channels,
                       size_t count)
{
    send_all(bus,
             redis_is_sharded(bus) ? BYTES_LITERAL("SUNSUBSCRIBE")
                                   : BYTES_LITERAL("UNSUBSCRIBE"),
             channels, count);
}
