#include "bus/redis/redis_send.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "bus/redis/redis_cluster.h"
#include "bus/redis/redis_link.h"
#include "bus/redis/redis_push.h"
#include "bus/redis/redis_slots.h"

enum { TRIES = 200, AGAIN_MS = 50 };

/* A command until its final answer. */
struct redis_errand {
    struct redis_bus *bus;
    redis_answer *answer;
    void *arg;
    uint16_t slot;
    unsigned tries;
    struct redis_errand *next; /* among those that wait */
    size_t count;
    struct bytes words[]; /* and behind them their texts */
};

static void on_answer(void *arg, const struct redisReply *reply);

static struct redis_errand *make(struct redis_bus *bus,
                                 const struct bytes *words, size_t count)
{
    size_t size = sizeof(struct redis_errand) + count * sizeof *words;
    size_t head = size;
    for (size_t i = 0; i < count; i++)
        size += words[i].len;
    struct redis_errand *errand = memory_new(1, size);
    char *text = (char *)errand + head;
    errand->bus = bus;
    errand->count = count;
    for (size_t i = 0; i < count; i++) {
        if (words[i].len)
            memcpy(text, words[i].data, words[i].len);
        errand->words[i] = (struct bytes){text, words[i].len};
        text += words[i].len;
    }
    return errand;
}

static void finish(struct redis_errand *errand, const struct redisReply *reply)
{
    if (errand->answer)
        errand->answer(errand->arg, reply);
    free(errand);
}

/* ASKING applies only to the next command. */
static void send_to(struct redis_errand *errand, struct redis_link *link,
                    bool is_asking)
{
    const struct bytes asking[] = {BYTES_LITERAL("ASKING")};
    if (!link || !redis_link_is_up(link)) {
        finish(errand, redis_push_not_sent());
        return;
    }
    if (is_asking)
        redis_link_send(link, asking, 1, NULL, NULL);
    redis_link_send(link, errand->words, errand->count, on_answer, errand);
}

static void send_home(struct redis_errand *errand)
{
    send_to(errand, redis_cluster_commands(errand->bus->cluster, errand->slot),
            false);
}

/* ---- again, a moment later ---------------------------------------------- */

static void on_again(void *arg)
{
    struct redis_bus *bus = arg;
    struct redis_errand *errand = bus->errands;
    bus->errands = NULL;
    bus->errands_end = &bus->errands;
    loop_timer_free(bus->again);
    bus->again = NULL;
    while (errand) {
        struct redis_errand *next = errand->next;
        send_home(errand);
        errand = next;
    }
}

static void send_later(struct redis_errand *errand)
{
    struct redis_bus *bus = errand->bus;
    if (!bus->errands)
        bus->errands_end = &bus->errands;
    errand->next = NULL;
    *bus->errands_end = errand;
    bus->errands_end = &errand->next;
    if (!bus->again)
        bus->again = loop_timer_new(bus->loop, AGAIN_MS, 0, on_again, bus);
}

void redis_send_stop(struct redis_bus *bus)
{
    struct redis_errand *errand = bus->errands;
    bus->errands = NULL;
    loop_timer_free(bus->again);
    bus->again = NULL;
    while (errand) {
        struct redis_errand *next = errand->next;
        finish(errand, NULL);
        errand = next;
    }
}

/* ---- answers ------------------------------------------------------------ */

static void redirect(struct redis_errand *errand, const char *error)
{
    uint16_t slot;
    struct redis_link *link =
        redis_cluster_redirect(errand->bus->cluster, error, &slot);
    if (link && redis_link_is_up(link))
        send_to(errand, link, strncmp(error, "ASK ", 4) == 0);
    else
        send_later(errand);
}

static void on_answer(void *arg, const struct redisReply *reply)
{
    struct redis_errand *errand = arg;
    const char *error = redis_push_error(reply);
    if (!redis_push_is_redirection(reply) || ++errand->tries > TRIES)
        finish(errand, reply);
    else if (strncmp(error, "MOVED ", 6) == 0 || strncmp(error, "ASK ", 4) == 0)
        redirect(errand, error);
    else
        send_later(errand);
}

void redis_send_by_key(struct redis_bus *bus, struct bytes key,
                       const struct bytes *words, size_t count,
                       redis_answer *answer, void *arg)
{
    if (!bus->cluster) {
        redis_link_send(bus->commands, words, count, answer, arg);
        return;
    }
    struct redis_errand *errand = make(bus, words, count);
    errand->answer = answer;
    errand->arg = arg;
    errand->slot = redis_slot_of(key);
    send_home(errand);
}

void redis_send(struct redis_bus *bus, const struct bytes *words, size_t count,
                redis_answer *answer, void *arg)
{
    redis_send_by_key(bus, words[1], words, count, answer, arg);
}

bool redis_serves_key(const struct redis_bus *bus, struct bytes key)
{
    return bus->cluster ? redis_cluster_serves(bus->cluster, redis_slot_of(key))
                        : bus->is_serving;
}

struct redis_link *redis_subscriptions_of(struct redis_bus *bus, uint16_t slot)
{
    return bus->cluster ? redis_cluster_subscriptions(bus->cluster, slot)
                        : bus->subscriptions;
}
