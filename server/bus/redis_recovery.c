/* Subscribers that wait for their answer: `subscribed`, with what they missed.
 * It leaves from here at its place between the channel's messages. */
#include "bus/redis_channel.h"
#include "bus/redis_envelope.h"
#include "bus/redis_push.h"

static void answer(struct redis_channel *channel, struct request *request)
{
    request->position = channel->position;
    request_finish(request);
}

/* What is between `since` and where we stand: out of the stream what it has,
 * the rest out of what was delivered meanwhile. True when nothing is missing.
 */
static bool collect(struct redis_channel *channel, struct request *request,
                    const struct redisReply *entries)
{
    uint64_t next = request->since.offset + 1;
    for (size_t i = 0; i < redis_push_count(entries); i++) {
        struct bytes text;
        struct envelope envelope;
        if (!redis_push_bytes(redis_push_element(entries, i), &text) ||
            !redis_envelope_decode(text, &envelope) ||
            envelope.position.offset != next ||
            next > channel->position.offset)
            continue;
        struct message *message =
            redis_envelope_message(&envelope, bytes_of(channel->name));
        request_add_message(request, message);
        message_unref(message);
        next++;
    }
    for (size_t i = 0; i < channel->recent.count; i++) {
        if (channel->recent.items[i]->offset != next)
            continue;
        request_add_message(request, channel->recent.items[i]);
        next++;
    }
    return next == channel->position.offset + 1;
}

static void forget_messages(struct request *request)
{
    for (size_t i = 0; i < request->message_count; i++)
        message_unref(request->messages[i]);
    request->message_count = 0;
}

static void on_recovered(void *arg, const struct redisReply *reply)
{
    struct request *request = arg;
    struct redis_bus *bus = request->bus_data;
    struct redis_channel *channel = redis_channel_find(bus, request->channel);
    struct position position;
    if (!reply || redis_is_passing_error(bus, reply)) {
        request->next = channel->waiting;
        channel->waiting = request;
    } else {
        request->recovered =
            redis_push_position(reply, &position) &&
            position.epoch == channel->position.epoch &&
            request->since.epoch == channel->position.epoch &&
            collect(channel, request, redis_push_element(reply, 2));
        if (!request->recovered)
            forget_messages(request);
        answer(channel, request);
    }
    if (!--channel->recoveries)
        redis_messages_clear(&channel->recent);
}

static void recover(struct redis_channel *channel, struct request *request)
{
    channel->recoveries++;
    redis_read(channel->bus, channel->name, "after", request->since.offset,
               NULL, on_recovered, request);
}

/* Whether the answer must be looked for in the stream. */
static bool needs_stream(const struct redis_channel *channel,
                         struct request *request)
{
    const struct position *since = &request->since;
    const struct position *now = &channel->position;
    if (!request->recover || since->epoch != now->epoch ||
        since->offset > now->offset)
        return false;
    request->recovered = since->offset == now->offset;
    return !request->recovered && channel->options->history_size;
}

void redis_recovery_serve(struct redis_channel *channel)
{
    if (channel->stage != LIVE)
        return;
    struct request *waiting = channel->waiting;
    struct request *still = NULL;
    channel->waiting = NULL;
    while (waiting) {
        struct request *request = waiting;
        waiting = waiting->next;
        if (!needs_stream(channel, request)) {
            answer(channel, request);
        } else if (channel->bus->is_serving) {
            recover(channel, request);
        } else {
            request->next = still;
            still = request;
        }
    }
    if (still)
        channel->waiting = still;
}

void redis_recovery_wait(struct redis_channel *channel,
                         struct request *request)
{
    struct request **at = &channel->waiting;
    while (*at)
        at = &(*at)->next;
    request->next = NULL;
    *at = request;
}
