/* The messages of a channel in their order, and what was missed of them. */
#include <stdlib.h>

#include "bus/redis_channel.h"
#include "bus/redis_envelope.h"
#include "bus/redis_push.h"

enum { HELD_MAX = 100000 };

static void add_message(struct messages *list, struct message *message)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 8;
        list->items =
            memory_resize(list->items, list->capacity, sizeof *list->items);
    }
    list->items[list->count++] = message_ref(message);
}

void redis_messages_clear(struct messages *list)
{
    for (size_t i = 0; i < list->count; i++)
        message_unref(list->items[i]);
    free(list->items);
    *list = (struct messages){0};
}

static void set_last(struct redis_channel *channel, struct message *message)
{
    message_unref(channel->last);
    channel->last = message ? message_ref(message) : NULL;
}

static void deliver(struct redis_channel *channel, struct message *message)
{
    channel->position.offset = message->offset;
    set_last(channel, message);
    if (channel->recoveries)
        add_message(&channel->recent, message);
    hub_deliver(channel->bus->instance->hub, message);
}

static void tell_gap(struct redis_channel *channel)
{
    metrics_add(&channel->bus->metrics, METRIC_REDIS_GAPS, 1);
    struct message *message =
        message_new(MESSAGE_GAP, bytes_of(channel->name), (struct bytes){0},
                    (struct bytes){0});
    hub_deliver(channel->bus->instance->hub, message);
    message_unref(message);
}

/* A message at its turn. False when one before it is missing. */
static bool accept(struct redis_channel *channel, struct message *message)
{
    if (message->kind != MESSAGE_PUBLICATION) {
        hub_deliver(channel->bus->instance->hub, message);
        return true;
    }
    if (message->offset > channel->position.offset + 1)
        return false;
    if (message->offset == channel->position.offset + 1)
        deliver(channel, message);
    return true;
}

/* What is held of another epoch counts no longer; who came and who left has
 * none. */
static void drop_publications(struct messages *held)
{
    struct messages all = *held;
    *held = (struct messages){0};
    for (size_t i = 0; i < all.count; i++)
        if (all.items[i]->kind != MESSAGE_PUBLICATION)
            add_message(held, all.items[i]);
    redis_messages_clear(&all);
}

static void hold(struct redis_channel *channel, struct message *message,
                 uint64_t epoch)
{
    if (message->kind == MESSAGE_PUBLICATION && channel->held_epoch != epoch) {
        drop_publications(&channel->held);
        channel->held_epoch = epoch;
    }
    if (channel->held.count == HELD_MAX) {
        redis_messages_clear(&channel->held);
        channel->has_lost = true;
    }
    add_message(&channel->held, message);
}

/* What was held back goes out; when something is missing in it, the stream is
 * asked again. */
static void release_held(struct redis_channel *channel)
{
    struct messages held = channel->held;
    bool same_epoch = channel->held_epoch == channel->position.epoch;
    channel->held = (struct messages){0};
    for (size_t i = 0; i < held.count; i++) {
        struct message *message = held.items[i];
        bool numbered = message->kind == MESSAGE_PUBLICATION;
        if (channel->stage != LIVE)
            add_message(&channel->held, message);
        else if (numbered && !same_epoch)
            channel->has_lost = true; /* which is newer? the stream knows */
        else if (!accept(channel, message)) {
            add_message(&channel->held, message);
            redis_repair_start(channel);
        }
    }
    redis_messages_clear(&held);
}

/* Delivers what the stream has from where we stand. */
static void deliver_missed(struct redis_channel *channel,
                           const struct redisReply *entries)
{
    for (size_t i = 0; i < redis_push_count(entries); i++) {
        struct bytes text;
        struct envelope envelope;
        if (!redis_push_bytes(redis_push_element(entries, i), &text) ||
            !redis_envelope_decode(text, &envelope) ||
            envelope.position.offset != channel->position.offset + 1)
            continue;
        struct message *message =
            redis_envelope_message(&envelope, bytes_of(channel->name));
        deliver(channel, message);
        message_unref(message);
        metrics_add(&channel->bus->metrics, METRIC_REDIS_REPAIRED, 1);
    }
}

/* Whoever subscribed before knows an older position: it catches up from the
 * stream, or learns that it cannot. */
static void catch_up(struct redis_channel *channel, struct position position,
                     const struct redisReply *entries)
{
    bool is_first = !channel->has_position;
    channel->has_position = true;
    if (!is_first && position.epoch == channel->position.epoch) {
        if (position.offset > channel->position.offset)
            deliver_missed(channel, entries);
        if (position.offset <= channel->position.offset)
            return;
    }
    channel->position = position;
    set_last(channel, NULL);
    if (!is_first)
        tell_gap(channel);
}

static void read_stream(struct redis_channel *channel);

/* What was held back meanwhile, and who waited. */
static void go_live(struct redis_channel *channel)
{
    channel->stage = LIVE;
    release_held(channel);
    if (channel->has_lost) {
        channel->has_lost = false;
        redis_repair_start(channel);
    }
    redis_recovery_serve(channel);
}

static void on_read(void *arg, const struct redisReply *reply)
{
    struct redis_channel *channel = arg;
    struct position position;
    bool is_stale = channel->is_stale;
    channel->is_reading = false;
    channel->is_stale = false;
    if (!reply || redis_is_passing_error(channel->bus, reply) ||
        channel->stage != READING)
        return; /* it is asked again when Redis serves, or the next second */
    if (is_stale) {
        read_stream(channel);
    } else if (redis_push_position(reply, &position)) {
        catch_up(channel, position, redis_push_element(reply, 2));
        go_live(channel);
    }
}

static void read_stream(struct redis_channel *channel)
{
    const struct redis_known known = {channel->position, channel->last};
    channel->is_reading = true;
    redis_read(channel->bus, channel->name,
               channel->has_position ? "after" : "none",
               channel->position.offset,
               channel->has_position ? &known : NULL, on_read, channel);
}

void redis_repair_start(struct redis_channel *channel)
{
    channel->stage = READING;
    if (channel->is_reading)
        channel->is_stale = true; /* it was asked before we subscribed */
    else
        redis_repair_resume(channel);
}

void redis_repair_resume(struct redis_channel *channel)
{
    if (channel->stage == READING && !channel->is_reading &&
        channel->bus->is_serving)
        read_stream(channel);
}

void redis_repair_take(struct redis_channel *channel,
                       const struct envelope *envelope)
{
    struct message *message =
        redis_envelope_message(envelope, bytes_of(channel->name));
    uint64_t epoch = envelope->position.epoch;
    bool is_other_epoch = envelope->kind == ENVELOPE_PUBLICATION &&
                          epoch != channel->position.epoch;
    if (channel->stage != LIVE) {
        hold(channel, message, epoch);
    } else if (is_other_epoch || !accept(channel, message)) {
        hold(channel, message, epoch);
        redis_repair_start(channel);
    }
    message_unref(message);
}
