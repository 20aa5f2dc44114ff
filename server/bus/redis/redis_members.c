#include "bus/redis/redis_members.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "bus/redis/redis_call.h"
#include "bus/redis/redis_keys.h"
#include "bus/redis/redis_link.h"
#include "bus/redis/redis_push.h"
#include "bus/redis/redis_send.h"

char *redis_presence_key(const struct redis_bus *bus, const char *id,
                         const char *what)
{
    char name[64];
    snprintf(name, sizeof name, "{instance:%s}:%s", id, what);
    return redis_name(bus, name);
}

void redis_presence_on_told(void *arg, const struct redisReply *reply)
{
    struct redis_bus *bus = arg;
    if (!reply || redis_is_passing_error(reply) ||
        redis_push_is_redirection(reply))
        bus->presence.is_doubtful = true;
}

static void list(struct redis_bus *bus, const char *id, const char *verb,
                 const char *what, const char *name)
{
    char *key = redis_presence_key(bus, id, what);
    const struct bytes words[] = {bytes_of(verb), bytes_of(key),
                                  bytes_of(name)};
    if (bus->is_serving)
        redis_send(bus, words, 3, redis_presence_on_told, bus);
    free(key);
}

void redis_presence_list(struct redis_bus *bus, const char *verb,
                         const char *what, const char *name)
{
    list(bus, bus->presence.id, verb, what, name);
}

void redis_presence_list_former(struct redis_bus *bus, const char *what,
                                const char *name)
{
    list(bus, bus->presence.former, "SADD", what, name);
}

void redis_presence_call(struct redis_bus *bus, enum redis_script script,
                         const char *channel, const struct bytes *who,
                         size_t who_count, uint64_t waited_ms,
                         redis_answer *answer, void *arg)
{
    const struct channel_options *options =
        channel_options_find(&bus->instance->options->channels, channel);
    uint64_t leave_ms = (uint64_t)options->leave_seconds * 1000;
    char wait[24];
    char time[24];
    snprintf(wait, sizeof wait, "%" PRIu64,
             leave_ms > waited_ms ? leave_ms - waited_ms : 0);
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
    words[count++] = bytes_of(wait);
    redis_call(bus, script, 2, words, count, answer, arg);
    free(by_connection);
    free(by_client);
    free(pubsub);
}
