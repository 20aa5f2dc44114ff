/* Delivers a channel's messages in order, and fetches missed ones. */
#include "bus/redis/redis_repair.h"

#include <stdlib.h>

#include "base/clock.h"
#include "bus/redis/redis_call.h"
#include "bus/redis/redis_cluster.h"
#include "bus/redis/redis_envelope.h"
#include "bus/redis/redis_messages.h"
#include "bus/redis/redis_proof.h"
#include "bus/redis/redis_push.h"
#include "bus/redis/redis_recovery.h"
#include "bus/redis/redis_roster.h"
#include "messaging/hub.h"

enum {
    HELD_MAX = 100000,
    SKEW_MS = 1000 /* allowed clock difference of instances */
};

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
        redis_messages_add(&channel->recent, message);
    hub_deliver(channel->bus->instance->hub, message);
}

static void settle_doubt(struct redis_channel *channel)
{
    if (channel->doubt_ms > channel->told_ms)
        channel->told_ms = channel->doubt_ms;
    channel->doubt_ms = 0;
}

static void tell_gap(struct redis_channel *channel)
{
    settle_doubt(channel); /* this gap is about it, too */
    metrics_add(&channel->bus->metrics, METRIC_REDIS_GAPS, 1);
    channel->gap_ms = clock_wall_ms();
    struct message *message = message_new(MESSAGE_GAP, bytes_of(channel->name),
                                          (struct bytes){0}, (struct bytes){0});
    hub_deliver(channel->bus->instance->hub, message);
    message_unref(message);
}

/* Delivers the next message. False if an earlier one is missing. */
static bool accept(struct redis_channel *channel, struct message *message)
{
    if (message->kind != MESSAGE_PUBLICATION) {
        redis_roster_take(channel, message);
        return true;
    }
    if (message->offset > channel->position.offset + 1)
        return false;
    if (message->offset == channel->position.offset + 1)
        deliver(channel, message);
    return true;
}

/* Drops held messages of another epoch; joins and leaves have no epoch. */
static void drop_publications(struct messages *held)
{
    struct messages all = *held;
    *held = (struct messages){0};
    for (size_t i = 0; i < all.count; i++)
        if (all.items[i]->kind != MESSAGE_PUBLICATION)
            redis_messages_add(held, all.items[i]);
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
        redis_roster_doubt(channel);
    }
    redis_messages_add(&channel->held, message);
}

/* Delivers held messages; if some are missing, reads the stream again. */
static void release_held(struct redis_channel *channel)
{
    struct messages held = channel->held;
    bool same_epoch = channel->held_epoch == channel->position.epoch;
    channel->held = (struct messages){0};
    for (size_t i = 0; i < held.count; i++) {
        struct message *message = held.items[i];
        bool numbered = message->kind == MESSAGE_PUBLICATION;
        if (channel->stage != LIVE)
            redis_messages_add(&channel->held, message);
        else if (numbered && !same_epoch)
            channel->has_lost = true; /* the stream determines which is newer */
        else if (!accept(channel, message)) {
            redis_messages_add(&channel->held, message);
            redis_repair_start(channel);
        }
    }
    redis_messages_clear(&held);
}

/* Delivers the stream's messages after the current position. */
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

/* The offset after delivering held messages. */
static uint64_t reach(const struct redis_channel *channel)
{
    uint64_t offset = channel->position.offset;
    if (channel->held_epoch != channel->position.epoch)
        return offset;
    for (size_t i = 0; i < channel->held.count; i++)
        if (channel->held.items[i]->kind == MESSAGE_PUBLICATION &&
            channel->held.items[i]->offset == offset + 1)
            offset++;
    return offset;
}

/* Moves it before the held messages of that epoch, which are all that is known
 * of it. */
static void put_before_held(const struct redis_channel *channel,
                            struct redis_tip *tip)
{
    struct position *position = &tip->position;
    uint64_t first = position->offset + 1;
    for (size_t i = 0; i < channel->held.count; i++) {
        const struct message *message = channel->held.items[i];
        if (message->kind == MESSAGE_PUBLICATION &&
            channel->held_epoch == position->epoch && message->offset < first)
            first = message->offset;
    }
    if (first > position->offset)
        return;
    position->offset = first - 1;
    tip->time_ms = 0;
}

static void begin_anew(struct redis_channel *channel,
                       const struct redis_tip *tip)
{
    bool is_first = !channel->has_position;
    channel->has_position = true;
    channel->position = tip->position;
    set_last(channel, NULL);
    channel->last_ms = tip->time_ms;
    if (!is_first) {
        tell_gap(channel);
        return;
    }
    /* no subscriber missed anything before */
    channel->gap_ms = clock_wall_ms();
    settle_doubt(channel);
}

/* Earlier subscribers have an older position: they catch up from the stream, or
 * get a gap. False if that must wait: messages missing in the stream may have
 * been pushed, but not arrived yet. */
static bool catch_up(struct redis_channel *channel, struct redis_tip tip,
                     const struct redisReply *entries)
{
    struct position position = tip.position;
    if (tip.lost_ms > channel->told_ms && tip.lost_ms > channel->doubt_ms)
        channel->doubt_ms = tip.lost_ms;
    bool is_known =
        channel->has_position && position.epoch == channel->position.epoch;
    if (is_known && position.offset > channel->position.offset)
        deliver_missed(channel, entries);
    if (is_known && position.offset <= reach(channel))
        return true;
    if (is_known) {
        channel->judged = tip;
        channel->judge_echo =
            channel->link == channel->bus->subscriptions
                ? redis_proof_echo(channel->bus)
                : redis_cluster_echo(channel->bus->cluster, channel->link);
        channel->bus->judged_channels++;
        return false;
    }
    if (channel->has_position)
        put_before_held(channel, &tip);
    begin_anew(channel, &tip);
    return true;
}

static void read_stream(struct redis_channel *channel);

static void end_judgement(struct redis_channel *channel)
{
    if (channel->judge_echo)
        channel->bus->judged_channels--;
    channel->judge_echo = 0;
}

static void tell_doubt(struct redis_channel *channel)
{
    if (channel->doubt_ms && channel->gap_ms <= channel->doubt_ms + SKEW_MS)
        tell_gap(channel);
    settle_doubt(channel);
}

/* Delivers held messages, and answers waiting subscribers. */
static void go_live(struct redis_channel *channel)
{
    channel->stage = LIVE;
    tell_doubt(channel);
    release_held(channel);
    if (channel->has_lost) {
        channel->has_lost = false;
        redis_repair_start(channel);
    }
    redis_recovery_serve(channel);
}

static void judge(struct redis_channel *channel)
{
    end_judgement(channel);
    if (reach(channel) < channel->judged.position.offset)
        begin_anew(channel, &channel->judged);
    go_live(channel);
}

void redis_repairs_judge(struct redis_bus *bus, const struct redis_link *link,
                         uint64_t echo)
{
    struct redis_channel *channel;
    struct redis_channel *next;
    if (!bus->judged_channels)
        return;
    HASH_ITER(hh, bus->channels, channel, next)
    if (channel->judge_echo && channel->link == link &&
        channel->judge_echo <= echo)
        judge(channel);
}

void redis_repair_forget(struct redis_channel *channel)
{
    end_judgement(channel);
    channel->stage = UNSUBSCRIBED;
    redis_messages_clear(&channel->held);
    redis_roster_doubt(channel);
}

void redis_repair_doubt(struct redis_channel *channel, int64_t acked_ms)
{
    if (acked_ms > channel->doubt_ms)
        channel->doubt_ms = acked_ms;
    if (channel->stage == LIVE)
        redis_repair_start(channel);
}

static void on_read(void *arg, const struct redisReply *reply)
{
    struct redis_channel *channel = arg;
    struct redis_tip tip;
    bool is_stale = channel->is_stale;
    channel->is_reading = false;
    channel->is_stale = false;
    if (!reply || redis_is_passing_error(reply) || channel->stage != READING)
        return; /* repeated when Redis is available, or the next second */
    if (is_stale)
        read_stream(channel);
    else if (redis_read_tip(reply, &tip) &&
             catch_up(channel, tip, redis_push_element(reply, 2)))
        go_live(channel);
}

static void read_stream(struct redis_channel *channel)
{
    const struct redis_known known = {channel->position, channel->last,
                                      channel->last_ms};
    channel->is_reading = true;
    redis_read(channel->bus, channel->name,
               channel->has_position ? "after" : "none",
               channel->position.offset, 0,
               channel->has_position ? &known : NULL, on_read, channel);
}

void redis_repair_start(struct redis_channel *channel)
{
    end_judgement(channel);
    channel->stage = READING;
    if (channel->is_reading)
        channel->is_stale = true; /* read before the subscription */
    else
        redis_repair_resume(channel);
}

void redis_repair_resume(struct redis_channel *channel)
{
    if (channel->stage == READING && !channel->is_reading &&
        !channel->judge_echo && channel->bus->is_serving)
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
    } else if (channel->awaited &&
               channel->awaited <= channel->position.offset) {
        redis_recovery_serve(channel);
    }
    message_unref(message);
}
