/* Subscribers waiting for their answer: `subscribed`, with missed messages. It
 * is sent here, at its place between the channel's messages. */
#include "bus/redis/redis_recovery.h"

#include "bus/redis/redis_call.h"
#include "bus/redis/redis_channel_table.h"
#include "bus/redis/redis_envelope.h"
#include "bus/redis/redis_messages.h"
#include "bus/redis/redis_push.h"

static void answer(struct redis_channel *channel, struct request *request)
{
    request->position = channel->position;
    request_finish(request);
}

/* The next of the messages, if the page has room. */
static void take(struct request *request, struct message *message)
{
    if (request->has_more || message->offset != request->page_end + 1)
        return;
    request->has_more = !request_has_room(request, message);
    if (request->has_more)
        return;
    request_add_message(request, message);
    request->page_end++;
}

/* Collects the messages between `since` and the current position: from the
 * stream, and the rest from those delivered meanwhile. True if nothing is
 * missing, or the page is full: the next page has the rest. */
static bool collect(struct redis_channel *channel, struct request *request,
                    const struct redisReply *entries)
{
    uint64_t now = channel->position.offset;
    for (size_t i = 0; i < redis_push_count(entries); i++) {
        struct bytes text;
        struct envelope envelope;
        if (!redis_push_bytes(redis_push_element(entries, i), &text) ||
            !redis_envelope_decode(text, &envelope) ||
            envelope.position.offset > now)
            continue;
        struct message *message =
            redis_envelope_message(&envelope, bytes_of(channel->name));
        take(request, message);
        message_unref(message);
    }
    for (size_t i = 0; i < channel->recent.count; i++)
        take(request, channel->recent.items[i]);
    bool is_whole = request->page_end == now;
    if (!is_whole && request->page == REQUEST_PAGE && request->message_count)
        request->has_more = true;
    return is_whole || request->has_more;
}

static void forget_messages(struct request *request)
{
    for (size_t i = 0; i < request->message_count; i++)
        message_unref(request->messages[i]);
    request->message_count = 0;
    request->message_bytes = 0;
}

static void put_first(struct redis_channel *channel, struct request *request)
{
    if (!channel->waiting)
        channel->waiting_end = &request->next;
    request->next = channel->waiting;
    channel->waiting = request;
}

static void on_recovered(void *arg, const struct redisReply *reply)
{
    struct request *request = arg;
    struct redis_bus *bus = request->bus_data;
    struct redis_channel *channel = redis_channel_find(bus, request->channel);
    struct position position;
    if (!reply || redis_is_passing_error(reply)) {
        put_first(channel, request);
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
               redis_page_bytes(request->page), NULL, on_recovered, request);
}

/* Whether the client has messages that this instance does not have yet. Pub/sub
 * delays differ, so a client coming from a faster instance may be ahead. */
static bool is_ahead(const struct redis_channel *channel,
                     const struct request *request)
{
    return request->recover &&
           request->since.epoch == channel->position.epoch &&
           request->since.offset > channel->position.offset;
}

/* Whether the client's epoch differs from the channel's. The client may come
 * from an instance that detected a new epoch earlier. */
static bool is_of_other_epoch(const struct redis_channel *channel,
                              const struct request *request)
{
    return request->recover && request->since.epoch != channel->position.epoch;
}

static void on_confirmed(void *arg, const struct redisReply *reply)
{
    struct request *request = arg;
    struct redis_bus *bus = request->bus_data;
    struct redis_channel *channel = redis_channel_find(bus, request->channel);
    struct position position;
    if (!--channel->recoveries)
        redis_messages_clear(&channel->recent);
    if (!reply || redis_is_passing_error(reply)) {
        redis_recovery_wait(channel, request);
    } else if (redis_push_position(reply, &position) &&
               position.epoch == request->since.epoch &&
               position.offset >= request->since.offset) {
        request->is_confirmed = true;
        redis_recovery_wait(channel, request);
        channel->is_outdated = is_of_other_epoch(channel, request);
        bus->has_outdated |=
            channel->is_outdated; /* this instance will detect it, too */
        if (!channel->is_outdated)
            redis_recovery_serve(channel);
    } else {
        answer(channel, request);
    }
}

/* A client may claim any position, so Redis is queried before waiting for
 * messages up to there. */
static void confirm(struct redis_channel *channel, struct request *request)
{
    channel->recoveries++;
    redis_read(channel->bus, channel->name, "none", 0, 0, NULL, on_confirmed,
               request);
}

static void await(struct redis_channel *channel, uint64_t offset)
{
    if (!channel->awaited || offset < channel->awaited)
        channel->awaited = offset;
}

/* Whether the answer must be read from the stream; `since` is not ahead. */
static bool needs_stream(const struct redis_channel *channel,
                         struct request *request)
{
    const struct position *since = &request->since;
    const struct position *now = &channel->position;
    if (!request->recover || since->epoch != now->epoch)
        return false;
    request->recovered = since->offset == now->offset;
    request->page_end = since->offset;
    return !request->recovered && channel->options->history_size;
}

/* False if the request must wait longer. */
static bool serve(struct redis_channel *channel, struct request *request)
{
    bool ahead = is_ahead(channel, request);
    if (ahead && request->is_confirmed) {
        await(channel, request->since.offset);
        return false;
    }
    bool is_strange =
        !request->is_confirmed && is_of_other_epoch(channel, request);
    if (!ahead && !is_strange && !needs_stream(channel, request)) {
        answer(channel, request);
        return true;
    }
    if (!channel->bus->is_serving)
        return false;
    if (ahead || is_strange)
        confirm(channel, request);
    else
        recover(channel, request);
    return true;
}

void redis_recovery_serve(struct redis_channel *channel)
{
    if (channel->stage != LIVE)
        return;
    struct request *waiting = redis_recovery_take(channel);
    struct request *still = NULL;
    struct request **end = &still;
    channel->awaited = 0;
    while (waiting) {
        struct request *request = waiting;
        waiting = waiting->next;
        if (serve(channel, request))
            continue;
        *end = request;
        end = &request->next;
    }
    /* a command that fails at once puts its request back */
    *end = channel->waiting;
    if (!channel->waiting)
        channel->waiting_end = still ? end : &channel->waiting;
    channel->waiting = still;
}

void redis_recovery_wait(struct redis_channel *channel, struct request *request)
{
    request->next = NULL;
    *channel->waiting_end = request;
    channel->waiting_end = &request->next;
}

struct request *redis_recovery_take(struct redis_channel *channel)
{
    struct request *waiting = channel->waiting;
    channel->waiting = NULL;
    channel->waiting_end = &channel->waiting;
    return waiting;
}

void redis_recovery_add(struct redis_channel *channel, struct request *request)
{
    /* the others keep waiting: no queries while Redis is unavailable */
    if (channel->stage == LIVE && !channel->bus->is_serving) {
        if (!serve(channel, request))
            redis_recovery_wait(channel, request);
        return;
    }
    redis_recovery_wait(channel, request);
    redis_recovery_serve(channel);
}
