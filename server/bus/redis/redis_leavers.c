#include "bus/redis/redis_leavers.h"

#include <stdlib.h>

#include <utlist.h>

#include "base/clock.h"
#include "base/hash.h"
#include "bus/redis/redis_call.h"
#include "bus/redis/redis_channel_table.h"
#include "bus/redis/redis_client_name.h"
#include "bus/redis/redis_members.h"
#include "bus/redis/redis_push.h"
#include "bus/redis/redis_webhook_events.h"

struct leaver {
    struct redis_leavers *channel;
    uint64_t due_ms;
    bool is_asked;
    struct leaver *prev;
    struct leaver *next;
    char client[];
};

/* Those of one channel. */
struct redis_leavers {
    struct redis_bus *bus;
    struct leaver *items;
    UT_hash_handle hh;
    char name[];
};

static struct redis_leavers *find(const struct redis_bus *bus,
                                  const char *channel)
{
    struct redis_leavers *leavers;
    HASH_FIND_NAMED(bus->leavers, bytes_of(channel), leavers);
    return leavers;
}

void redis_leavers_add(struct redis_bus *bus, const char *channel,
                       const char *client, uint64_t wait_ms)
{
    struct redis_leavers *leavers;
    size_t size = strlen(client) + 1;
    struct leaver *leaver = memory_new(1, sizeof *leaver + size);
    HASH_FIND_OR_ADD_NAMED(bus->leavers, name, bytes_of(channel), leavers);
    leavers->bus = bus;
    leaver->channel = leavers;
    leaver->due_ms = clock_steady_ms() + wait_ms;
    memcpy(leaver->client, client, size);
    DL_APPEND(leavers->items, leaver);
}

bool redis_leavers_wait_in(const struct redis_bus *bus, const char *channel)
{
    return find(bus, channel) != NULL;
}

bool redis_leavers_wait(const struct redis_bus *bus)
{
    return bus->leavers != NULL;
}

void redis_leavers_tell_all(struct redis_bus *bus)
{
    struct redis_leavers *leavers;
    struct redis_leavers *next;
    HASH_ITER(hh, bus->leavers, leavers, next)
    redis_presence_list(bus, "SADD", "channels", leavers->name);
}

static void drop_channel(struct redis_leavers *leavers)
{
    HASH_DEL(leavers->bus->leavers, leavers);
    free(leavers);
}

/* An unused channel stays in the instance's set only for them. */
static void drop(struct leaver *leaver)
{
    struct redis_leavers *leavers = leaver->channel;
    DL_DELETE(leavers->items, leaver);
    free(leaver);
    if (leavers->items)
        return;
    if (!redis_channel_find(leavers->bus, leavers->name))
        redis_presence_list(leavers->bus, "SREM", "channels", leavers->name);
    drop_channel(leavers);
}

static void ask_later(struct leaver *leaver, uint64_t wait_ms)
{
    leaver->is_asked = false;
    leaver->due_ms = clock_steady_ms() + wait_ms;
}

/* [event, members, milliseconds that are left] */
static void on_answer(void *arg, const struct redisReply *reply)
{
    enum { AGAIN_MS = 1000 };
    struct leaver *leaver = arg;
    struct redis_bus *bus = leaver->channel->bus;
    int64_t left_ms;
    if (!redis_push_number(redis_push_element(reply, 2), &left_ms)) {
        ask_later(leaver, AGAIN_MS);
        return;
    }
    if (left_ms > 0) { /* it returned meanwhile, or Redis' clock is slower */
        ask_later(leaver, (uint64_t)left_ms);
        return;
    }
    redis_webhook_events_of_change(bus, leaver->channel->name, leaver->client,
                                   (struct bytes){0}, reply);
    drop(leaver);
}

static void ask(struct leaver *leaver)
{
    struct redis_leavers *leavers = leaver->channel;
    char *name = redis_client_name(leaver->client);
    const struct bytes who[] = {BYTES_LITERAL(REDIS_LEAVERS_ID), bytes_of(name),
                                BYTES_LITERAL("0"), bytes_of("")};
    leaver->is_asked = true;
    redis_presence_call(leavers->bus, SCRIPT_PRESENCE, leavers->name, who,
                        REDIS_CHANGE_WORDS, 0, on_answer, leaver);
    free(name);
}

static void ask_about_due(struct redis_leavers *leavers, uint64_t now_ms)
{
    for (struct leaver *leaver = leavers->items; leaver; leaver = leaver->next)
        if (!leaver->is_asked && leaver->due_ms <= now_ms)
            ask(leaver);
}

void redis_leavers_tick(struct redis_bus *bus, uint64_t now_ms)
{
    struct redis_leavers *leavers;
    struct redis_leavers *next;
    if (!bus->is_serving)
        return;
    HASH_ITER(hh, bus->leavers, leavers, next)
    ask_about_due(leavers, now_ms);
}

void redis_leavers_free(struct redis_bus *bus)
{
    struct redis_leavers *leavers;
    struct redis_leavers *next;
    HASH_ITER(hh, bus->leavers, leavers, next)
    {
        struct leaver *leaver;
        struct leaver *later;
        DL_FOREACH_SAFE(leavers->items, leaver, later)
        free(leaver);
        drop_channel(leavers);
    }
}
