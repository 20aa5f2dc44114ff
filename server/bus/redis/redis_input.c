/* Messages that backends write directly to Redis.  `XADD <prefix>in * channel C
 * payload P`, and maybe `event E` and `traceparent T`: a consumer group
 * delivers each entry to one instance; publish.lua acknowledges it atomically
 * with the publish, so it is published exactly once, whichever instance dies.
 * Entries of a dead instance are claimed by another. Malformed entries are set
 * aside in <prefix>in:bad.  `PUBLISH <prefix>in:<channel> P`, or
 * `<prefix>in:<channel>|<event>`: only the instance that holds the lease
 * subscribes to it. */
#include "bus/redis/redis_input.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/memory.h"
#include "bus/redis/redis_call.h"
#include "bus/redis/redis_keys.h"
#include "bus/redis/redis_link.h"
#include "bus/redis/redis_publish.h"
#include "bus/redis/redis_push.h"
#include "bus/redis/redis_requests.h"
#include "bus/redis/redis_send.h"
#include "messaging/names.h"

enum { BLOCK_MS = 2000, CLAIM_SECONDS = 1 };

static const struct bytes group = BYTES_LITERAL(REDIS_INPUT_GROUP);

static void read_next(struct redis_bus *bus);

static void on_set_aside(void *arg, const struct redisReply *reply)
{
    int64_t moved;
    if (!redis_push_number(reply, &moved) || !moved)
        return; /* it is claimed and checked again, or already moved */
    struct redis_bus *bus = arg;
    metrics_add(&bus->metrics, METRIC_REDIS_MALFORMED, 1);
}

/* Keeps a malformed entry for inspection. */
static void set_aside(struct redis_bus *bus, struct bytes entry,
                      const char *why)
{
    if (!bus->is_serving)
        return;
    log_limited(LOG_WARN, 1, "Malformed entry in the input stream",
                LOG_BYTES("entry", entry), LOG_TEXT("why", why));
    char *in = redis_name(bus, "in");
    char *bad = redis_name(bus, "in:bad");
    const struct bytes words[] = {
        bytes_of(in),          bytes_of(bad),         group, entry,
        bytes_of(why),         BYTES_LITERAL("1000"), /* entries kept */
        BYTES_LITERAL("4096"),                        /* bytes of a field */
    };
    redis_call(bus, SCRIPT_SET_ASIDE, 2, words, 7, on_set_aside, bus);
    free(in);
    free(bad);
}

static struct bytes field_of(const struct redisReply *fields, const char *name)
{
    struct bytes key;
    struct bytes value = {0};
    for (size_t i = 0; i + 1 < redis_push_count(fields); i += 2)
        if (redis_push_bytes(redis_push_element(fields, i), &key) &&
            bytes_equal(key, bytes_of(name)))
            redis_push_bytes(redis_push_element(fields, i + 1), &value);
    return value;
}

/* Whether it can be published; otherwise, `why` not. */
static bool check_parts(const struct redis_bus *bus,
                        const struct message_parts *parts, bool has_event,
                        struct error *why)
{
    struct error where;
    if (!channel_name_is_valid(parts->channel))
        return error_set(why, "channel is not a valid name");
    if (has_event && !event_is_valid(parts->event))
        return error_set(why, "event is not a valid one");
    if (parts->payload.len > bus->instance->options->limits.message_bytes)
        return error_set(why, "payload is too big");
    if (!json_check(parts->payload, &where))
        return error_set(why, "payload is not JSON: %.400s", where.text);
    return true;
}

/* `entry` is its id in the input stream, or empty. False when there is no
 * room. */
static bool publish(struct redis_bus *bus, const struct message_parts *parts,
                    struct bytes entry)
{
    if (bus->backlog_count >= bus->options->backlog_messages)
        return false;
    struct request *request =
        request_new(REQUEST_PUBLISH, parts->channel, (struct bytes){0}, entry);
    request->message = message_new_of(MESSAGE_PUBLICATION, parts);
    redis_serve(bus, request);
    return true;
}

static void take_entry(struct redis_bus *bus, const struct redisReply *entry)
{
    struct bytes id;
    const struct redisReply *fields = redis_push_element(entry, 1);
    if (!redis_push_bytes(redis_push_element(entry, 0), &id) || !fields)
        return;
    const struct message_parts parts = {
        .channel = field_of(fields, "channel"),
        .event = field_of(fields, "event"),
        .payload = field_of(fields, "payload"),
        .trace = trace_read(field_of(fields, "traceparent")),
    };
    struct error why;
    if (!check_parts(bus, &parts, parts.event.len > 0, &why))
        set_aside(bus, id, why.text);
    else if (publish(bus, &parts, id))
        metrics_add(&bus->metrics, METRIC_REDIS_INPUT, 1);
}

static void take_entries(struct redis_bus *bus,
                         const struct redisReply *entries)
{
    for (size_t i = 0; i < redis_push_count(entries); i++)
        take_entry(bus, redis_push_element(entries, i));
}

static void on_entries(void *arg, const struct redisReply *reply)
{
    struct redis_bus *bus = arg;
    if (!reply)
        return; /* redis_input_on_up restarts */
    if (redis_push_error(reply)) {
        redis_link_reset(bus->input, redis_push_error(reply));
        return;
    }
    /* [[stream, entries]], or nil when none came in time */
    take_entries(bus, redis_push_element(redis_push_element(reply, 0), 1));
    read_next(bus);
}

static void read_next(struct redis_bus *bus)
{
    char *in = redis_name(bus, "in");
    const struct bytes words[] = {BYTES_LITERAL("XREADGROUP"),
                                  BYTES_LITERAL("GROUP"),
                                  group,
                                  group,
                                  BYTES_LITERAL("COUNT"),
                                  BYTES_LITERAL("128"),
                                  BYTES_LITERAL("BLOCK"),
                                  BYTES_LITERAL("2000"),
                                  BYTES_LITERAL("STREAMS"),
                                  bytes_of(in),
                                  BYTES_LITERAL(">")};
    redis_link_send(bus->input, words, 11, on_entries, bus);
    free(in);
}

static void on_group(void *arg, const struct redisReply *reply)
{
    struct redis_bus *bus = arg;
    const char *error = redis_push_error(reply);
    if (!reply)
        return;
    if (error && strncmp(error, "BUSYGROUP", 9) != 0) {
        redis_link_reset(bus->input, error);
        return;
    }
    redis_link_settle(bus->input); /* the group exists, possibly from before */
    bus->has_input_group = true;
    read_next(bus);
}

void redis_input_on_up(void *arg)
{
    struct redis_bus *bus = arg;
    metrics_add(&bus->metrics, METRIC_REDIS_INPUT_UP, 1);
    char *in = redis_name(bus, "in");
    const struct bytes words[] = {
        BYTES_LITERAL("XGROUP"), BYTES_LITERAL("CREATE"),  bytes_of(in), group,
        BYTES_LITERAL("0"),      BYTES_LITERAL("MKSTREAM")};
    redis_link_set_patience(bus->input, BLOCK_MS);
    redis_link_send(bus->input, words, 6, on_group, bus);
    free(in);
}

/* [cursor, entries, deleted] */
static void on_claimed(void *arg, const struct redisReply *reply)
{
    struct redis_bus *bus = arg;
    if (reply && !redis_push_error(reply))
        take_entries(bus, redis_push_element(reply, 1));
}

/* Claims entries that another instance took but did not publish in time. */
static void claim(struct redis_bus *bus)
{
    struct buffer idle = {0};
    buffer_append_uint(&idle, (uint64_t)bus->options->lease_seconds * 1000);
    char *in = redis_name(bus, "in");
    const struct bytes words[] = {BYTES_LITERAL("XAUTOCLAIM"),
                                  bytes_of(in),
                                  group,
                                  group,
                                  buffer_bytes(&idle),
                                  BYTES_LITERAL("0"),
                                  BYTES_LITERAL("COUNT"),
                                  BYTES_LITERAL("128")};
    redis_send(bus, words, 8, on_claimed, bus);
    free(in);
    buffer_deinit(&idle);
}

/* ---- the lease on the input channels ----------------------------------- */

static void listen_to_input(struct redis_bus *bus, bool listen)
{
    char *pattern = redis_name(bus, "in:*");
    const struct bytes words[] = {listen ? BYTES_LITERAL("PSUBSCRIBE")
                                         : BYTES_LITERAL("PUNSUBSCRIBE"),
                                  bytes_of(pattern)};
    redis_link_push(bus->subscriptions, words, 2);
    free(pattern);
}

/* Extends this instance's lease; does nothing if it has expired. */
static void keep_lease(struct redis_bus *bus, const char *key,
                       struct bytes milliseconds)
{
    const struct bytes words[] = {BYTES_LITERAL("PEXPIRE"), bytes_of(key),
                                  milliseconds};
    redis_send(bus, words, 3, NULL, NULL);
}

static void ask_for_lease(struct redis_bus *bus, const char *key,
                          struct bytes milliseconds, redis_answer *answer)
{
    const struct bytes words[] = {BYTES_LITERAL("SET"), bytes_of(key),
                                  bytes_of(bus->id),    BYTES_LITERAL("NX"),
                                  BYTES_LITERAL("GET"), BYTES_LITERAL("PX"),
                                  milliseconds};
    redis_send(bus, words, 7, answer, bus);
}

static void with_lease_key(struct redis_bus *bus, redis_answer *answer)
{
    struct buffer lease = {0};
    buffer_append_uint(&lease, (uint64_t)bus->options->lease_seconds * 1000);
    char *key = redis_name(bus, "in:lease");
    if (answer)
        ask_for_lease(bus, key, buffer_bytes(&lease), answer);
    else
        keep_lease(bus, key, buffer_bytes(&lease));
    free(key);
    buffer_deinit(&lease);
}

/* SET ... NX GET returns the previous holder: none, or possibly this instance.
 * */
static void on_lease(void *arg, const struct redisReply *reply)
{
    struct redis_bus *bus = arg;
    struct bytes holder;
    if (!reply || redis_push_error(reply))
        return;
    bool was_held = redis_push_bytes(reply, &holder);
    bool is_ours = !was_held || bytes_equal(holder, bytes_of(bus->id));
    if (is_ours)
        bus->lease_end_ms =
            clock_steady_ms() + (uint64_t)bus->options->lease_seconds * 1000;
    if (was_held && is_ours)
        with_lease_key(bus, NULL);
    if (is_ours == bus->has_lease || !redis_link_is_up(bus->subscriptions))
        return;
    bus->has_lease = is_ours;
    listen_to_input(bus, is_ours);
}

/* Splits `<channel>|<event>` at the bar, which no name has; false without. */
static bool read_target(struct bytes target, struct message_parts *parts)
{
    const char *bar = target.len ? memchr(target.data, '|', target.len) : NULL;
    parts->channel = target;
    if (!bar)
        return false;
    parts->channel.len = (size_t)(bar - target.data);
    parts->event = bytes_skip(target, parts->channel.len + 1);
    return true;
}

static bool take_message(struct redis_bus *bus, struct bytes target,
                         struct bytes payload, struct error *why)
{
    struct message_parts parts = {.payload = payload};
    bool has_event = read_target(target, &parts);
    if (!check_parts(bus, &parts, has_event, why))
        return false;
    if (!publish(bus, &parts, (struct bytes){0}))
        return error_set(why, "redis.backlog_messages is reached");
    return true;
}

void redis_input_on_message(struct redis_bus *bus, struct bytes channel,
                            struct bytes payload)
{
    char *begin = redis_name(bus, "in:");
    channel = bytes_skip(channel, strlen(begin));
    free(begin);
    if (clock_steady_ms() > bus->lease_end_ms)
        return; /* another instance has it by now */
    struct error why;
    bool ok = take_message(bus, channel, payload, &why);
    metrics_add(&bus->metrics, ok ? METRIC_REDIS_INPUT : METRIC_REDIS_MALFORMED,
                1);
    if (!ok)
        log_limited(LOG_WARN, 1, "Malformed message on an input channel",
                    LOG_TEXT("why", why.text), LOG_BYTES("channel", channel));
}

void redis_input_tick(struct redis_bus *bus)
{
    if (!bus->is_serving)
        return;
    with_lease_key(bus, on_lease);
    if (bus->has_input_group && bus->seconds % CLAIM_SECONDS == 0)
        claim(bus);
}

void redis_input_farewell(struct redis_bus *bus)
{
    if (!bus->is_serving || !bus->has_lease ||
        clock_steady_ms() > bus->lease_end_ms)
        return;
    char *key = redis_name(bus, "in:lease");
    const struct bytes words[] = {BYTES_LITERAL("DEL"), bytes_of(key)};
    redis_send(bus, words, 2, NULL, NULL);
    free(key);
}
