/* One hash contains all bans: by target, the end in milliseconds and the
 * reason. After a change, all instances are notified and reread it. */
#include "bus/redis/redis_bans.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "bus/redis/redis_announce.h"
#include "bus/redis/redis_backlog.h"
#include "bus/redis/redis_keys.h"
#include "bus/redis/redis_push.h"
#include "bus/redis/redis_send.h"
#include "messaging/bans.h"
#include "messaging/eviction.h"
#include "messaging/watch/overview.h"

/* ---- changing ------------------------------------------------------------ */

static void on_told(void *arg, const struct redisReply *reply)
{
    struct request *request = arg;
    int64_t instances = 0;
    if (!redis_is_answered(request, reply))
        return;
    redis_push_number(reply, &instances);
    request->instances = (uint32_t)instances;
    request_finish(request);
}

static void tell(struct redis_bus *bus, struct request *request)
{
    const struct envelope envelope = {.kind = ENVELOPE_BAN,
                                      .payload = bytes_of(request->channel)};
    bus->in_flight++;
    redis_announce(bus, NULL, &envelope, on_told, request);
}

static void on_set(void *arg, const struct redisReply *reply)
{
    struct request *request = arg;
    if (!redis_is_answered(request, reply))
        return;
    struct redis_bus *bus = request->bus_data;
    eviction_of_banned(bus->instance);
    tell(bus, request);
}

/* Ensures that the key expires without instances. */
static void give_an_end(struct redis_bus *bus, const char *key)
{
    char seconds[16];
    snprintf(seconds, sizeof seconds, "%d", BAN_SECONDS_MAX);
    const struct bytes words[] = {BYTES_LITERAL("EXPIRE"), bytes_of(key),
                                  bytes_of(seconds)};
    redis_send(bus, words, 3, NULL, NULL);
}

void redis_ban(struct redis_bus *bus, struct request *request)
{
    struct buffer value = {0};
    if (!bans_set(bus->instance->bans, bytes_of(request->channel),
                  request->until_ms, request->reason)) {
        bus->in_flight--;
        redis_refuse(bus, request);
        return;
    }
    char *key = redis_name(bus, "bans");
    buffer_append_format(&value, "%" PRId64 " ", request->until_ms);
    buffer_append(&value, request->reason);
    const struct bytes words[] = {BYTES_LITERAL("HSET"), bytes_of(key),
                                  bytes_of(request->channel),
                                  buffer_bytes(&value)};
    redis_send(bus, words, 4, on_set, request);
    give_an_end(bus, key);
    free(key);
    buffer_deinit(&value);
}

/* A retry after a lost answer finds nothing, so the previous state is used. */
static void on_removed(void *arg, const struct redisReply *reply)
{
    struct request *request = arg;
    int64_t removed = 0;
    if (!redis_is_answered(request, reply))
        return;
    struct redis_bus *bus = request->bus_data;
    redis_push_number(reply, &removed);
    request->is_removed |= removed > 0;
    request->is_removed |=
        bans_remove(bus->instance->bans, bytes_of(request->channel));
    tell(bus, request);
}

static void remove_field(struct redis_bus *bus, struct bytes target,
                         redis_answer *answer, void *arg)
{
    char *key = redis_name(bus, "bans");
    const struct bytes words[] = {BYTES_LITERAL("HDEL"), bytes_of(key), target};
    redis_send(bus, words, 3, answer, arg);
    free(key);
}

void redis_unban(struct redis_bus *bus, struct request *request)
{
    remove_field(bus, bytes_of(request->channel), on_removed, request);
}

/* ---- reading ------------------------------------------------------------- */

static bool read_value(struct bytes value, int64_t *until_ms,
                       struct bytes *reason)
{
    uint64_t number;
    const char *blank = value.len ? memchr(value.data, ' ', value.len) : NULL;
    if (!blank)
        return false;
    struct bytes digits = {value.data, (size_t)(blank - value.data)};
    if (!json_decode_uint(digits, &number) || number > INT64_MAX)
        return false;
    *until_ms = (int64_t)number;
    *reason = bytes_skip(value, digits.len + 1);
    return true;
}

/* Removes expired and malformed bans. */
static void take_over(struct redis_bus *bus, struct bans *fresh,
                      struct bytes target, struct bytes value)
{
    int64_t until_ms;
    struct bytes reason;
    bool is_good = read_value(value, &until_ms, &reason);
    if (!is_good || until_ms <= clock_wall_ms())
        remove_field(bus, target, NULL, NULL);
    else if (!bans_set(fresh, target, until_ms, reason))
        is_good = false;
    if (!is_good)
        metrics_add(&bus->metrics, METRIC_REDIS_MALFORMED, 1);
}

static void on_read(void *arg, const struct redisReply *reply)
{
    struct redis_bus *bus = arg;
    bus->is_reading_bans = false;
    if (!reply || redis_push_error(reply))
        return; /* keep the known bans; they are read again */
    struct bans *fresh = bans_new();
    for (size_t i = 0; i + 1 < redis_push_count(reply); i += 2) {
        struct bytes target;
        struct bytes value;
        if (redis_push_bytes(redis_push_element(reply, i), &target) &&
            redis_push_bytes(redis_push_element(reply, i + 1), &value))
            take_over(bus, fresh, target, value);
    }
    /* before it serves, there are no connections yet */
    if (bans_take(bus->instance->bans, fresh) &&
        bus->instance->overview->is_serving)
        eviction_of_banned(bus->instance);
    bans_free(fresh);
    if (bus->wants_bans)
        redis_bans_read(bus);
}

void redis_bans_read(struct redis_bus *bus)
{
    bus->wants_bans = bus->is_reading_bans;
    if (bus->is_reading_bans || !bus->is_serving)
        return;
    bus->is_reading_bans = true;
    char *key = redis_name(bus, "bans");
    const struct bytes words[] = {BYTES_LITERAL("HGETALL"), bytes_of(key)};
    redis_send(bus, words, 2, on_read, bus);
    free(key);
}

void redis_bans_tick(struct redis_bus *bus)
{
    metrics_set(&bus->metrics, METRIC_BANS, bans_expire(bus->instance->bans));
    if (bus->seconds % BANS_READ_SECONDS == 0)
        redis_bans_read(bus);
}
