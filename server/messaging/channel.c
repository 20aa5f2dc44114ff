#include "messaging/channel.h"

#include <stdlib.h>

#include <utlist.h>

#include "base/clock.h"
#include "messaging/hub.h"
#include "messaging/rates.h"
#include "messaging/subscription.h"

enum {
    BATCH_MESSAGES = 256, /* at most in one write */
    BATCH_BYTES = 65536,
    KEPT_CAPACITY = 64,
    COST_BYTES = 4096 /* messages that cost as much as a write */
};

struct channel *channel_find(struct worker *worker, struct bytes name)
{
    struct channel *channel;
    HASH_FIND_NAMED(worker->channels, name, channel);
    return channel;
}

static struct channel *add(struct worker *worker, struct bytes name)
{
    struct channel *channel;
    HASH_ADD_NAMED(worker->channels, name, name, channel);
    channel->worker = worker;
    channel->options = channel_options_find(
        &worker->instance->options->channels, channel->name);
    channel->hub_channel =
        hub_enter(worker->instance->hub, worker, channel->name);
    return channel;
}

struct channel *channel_acquire(struct worker *worker, struct bytes name)
{
    struct channel *channel = channel_find(worker, name);
    if (!channel)
        channel = add(worker, name);
    channel->pending++;
    return channel;
}

/* The number of the next message. */
static uint32_t next_number(const struct channel *channel)
{
    return channel->first + channel->batch_count;
}

/* Records the delay of the batch's oldest message. */
static void note_fan_out(struct channel *channel)
{
    uint64_t handed_ns = channel->batch[0]->handed_ns;
    if (handed_ns)
        metrics_observe(&channel->worker->metrics, DISTRIBUTION_FAN_OUT,
                        clock_steady_ns() - handed_ns);
}

/* Drops messages that all subscribers have. */
static void drop_first(struct channel *channel, uint32_t count)
{
    if (count)
        note_fan_out(channel);
    for (uint32_t i = 0; i < count; i++) {
        channel->batch_bytes -= message_size(channel->batch[i]);
        message_unshare(channel->batch[i]);
    }
    channel->first += count;
    channel->batch_count -= count;
    memmove(channel->batch, channel->batch + count,
            channel->batch_count * sizeof *channel->batch);
}

static void end_batch(struct channel *channel)
{
    drop_first(channel, channel->batch_count);
    channel->cursor = 0;
    if (channel->batch_capacity > KEPT_CAPACITY) {
        free(channel->batch);
        channel->batch = NULL;
        channel->batch_capacity = 0;
    }
    DL_DELETE2(channel->worker->dirty, channel, dirty_prev, dirty_next);
}

static void free_when_unused(struct channel *channel)
{
    if (channel->subscriber_count || channel->pending)
        return;
    struct worker *worker = channel->worker;
    HASH_DEL(worker->channels, channel);
    hub_leave(worker->instance->hub, worker, channel->hub_channel);
    free(channel->batch);
    free(channel->subscribers);
    free(channel->rates);
    free(channel);
}

static void count_listener(const struct channel *channel, int by)
{
    hub_count_listener(channel->hub_channel, by);
    if (channel->options->counted)
        channel->options->counted(channel->name);
}

static void add_subscriber(struct channel *channel,
                           struct connection *connection)
{
    if (channel->subscriber_count == channel->subscriber_capacity) {
        uint32_t old = channel->subscriber_capacity;
        channel->subscriber_capacity = old ? (uint32_t)memory_grown(old) : 1;
        channel->subscribers =
            memory_resize(channel->subscribers, channel->subscriber_capacity,
                          sizeof *channel->subscribers);
    }
    uint32_t place = channel->subscriber_count++;
    /* the batch's messages are older than this subscriber */
    channel->subscribers[place] =
        (struct subscriber){connection, next_number(channel)};
    subscription_find(connection, channel)->place = place;
    count_listener(channel, 1);
    metrics_add(&channel->worker->metrics, METRIC_SUBSCRIPTIONS, 1);
}

void channel_settle(struct channel *channel, struct connection *connection)
{
    channel->pending--;
    if (connection)
        add_subscriber(channel, connection);
    else
        free_when_unused(channel);
}

/* Capacity doubles when the count is a power of two. */
void channel_begin_recovery(struct channel *channel,
                            struct connection *connection)
{
    uint32_t count = channel->recovering_count++;
    if ((count & (count - 1)) == 0)
        channel->recovering =
            memory_resize(channel->recovering, count ? count * 2 : 1,
                          sizeof *channel->recovering);
    channel->recovering[count] = connection;
}

void channel_end_recovery(struct channel *channel,
                          struct connection *connection)
{
    uint32_t at = 0;
    while (channel->recovering[at] != connection)
        at++;
    channel->recovering[at] = channel->recovering[--channel->recovering_count];
    if (channel->recovering_count)
        return;
    free(channel->recovering);
    channel->recovering = NULL;
}

static void tell_recovering(struct channel *channel, struct message *message)
{
    if (message->kind == MESSAGE_JOIN || message->kind == MESSAGE_LEAVE)
        for (uint32_t i = 0; i < channel->recovering_count; i++)
            connection_send(channel->recovering[i], message);
}

static void grow_batch(struct channel *channel)
{
    channel->batch_capacity =
        channel->batch_capacity ? channel->batch_capacity * 2 : 4;
    channel->batch = memory_resize(channel->batch, channel->batch_capacity,
                                   sizeof(struct message *));
}

/* A channel's rates include its subscribers on all workers. */
static void count_message(struct channel *channel, size_t bytes)
{
    uint32_t listeners = hub_listeners(channel->hub_channel);
    if (!channel->rates)
        channel->rates = memory_new(1, sizeof *channel->rates);
    rates_add(channel->worker, channel->rates, RATE_MESSAGES_IN, 1, bytes);
    rates_add(channel->worker, channel->rates, RATE_MESSAGES_OUT, listeners,
              bytes * listeners);
}

void channel_push(struct channel *channel, struct message *message)
{
    if (channel->recovering)
        tell_recovering(channel, message);
    if (!channel->subscriber_count)
        return;
    if (channel->worker->watch)
        count_message(channel, message_size(message));
    if (!channel->batch_count)
        DL_APPEND2(channel->worker->dirty, channel, dirty_prev, dirty_next);
    if (channel->batch_count == channel->batch_capacity)
        grow_batch(channel);
    channel->batch[channel->batch_count++] = message_share(message);
    channel->batch_bytes += message_size(message);
    channel->behind = channel->subscriber_count;
    if (channel->batch_count == BATCH_MESSAGES ||
        channel->batch_bytes >= BATCH_BYTES)
        channel_send_some(channel, UINT32_MAX);
}

/* Frames of the batch from a message on, for one wire format and transport. */
struct rendered {
    bool is_made;
    bool may_be_skipped; /* some messages are skipped by some connection */
    uint32_t next;       /* number of the first message */
    uint32_t cost;       /* in writes */
    struct rendering rendering;
    struct frame *frames[BATCH_MESSAGES];
};

/* Rendered at first use. */
struct renderings {
    struct rendered of[ENCODINGS_MAX][FRAMINGS_MAX];
};

static void forget_renderings(struct renderings *renderings)
{
    for (int i = 0; i < ENCODINGS_MAX; i++)
        for (int j = 0; j < FRAMINGS_MAX; j++)
            renderings->of[i][j].is_made = false;
}

static void join_frames(struct rendering *rendering, struct buffer *joined)
{
    buffer_clear(joined);
    for (size_t i = 0; i < rendering->count; i++)
        buffer_append(joined, frame_bytes(rendering->frames[i]));
    rendering->joined = buffer_bytes(joined);
}

static uint32_t cost_of(const struct framing *framing,
                        const struct rendering *rendering)
{
    if (framing->finish)
        return (uint32_t)rendering->count;
    return 1 + (uint32_t)(rendering->joined.len / COST_BYTES);
}

static void render(struct channel *channel, const struct connection *connection,
                   uint32_t next, struct rendered *rendered)
{
    const struct encoding *encoding = connection_encoding(connection);
    const struct framing *framing = connection->transport->framing;
    struct rendering *rendering = &rendered->rendering;
    struct worker *worker = channel->worker;
    worker_settle(worker); /* they use what was rendered before */
    rendered->is_made = true;
    rendered->next = next;
    rendering->messages = channel->batch + (next - channel->first);
    rendering->frames = rendered->frames;
    rendering->count = next_number(channel) - next;
    rendered->may_be_skipped = false;
    for (size_t i = 0; i < rendering->count; i++) {
        rendered->frames[i] =
            message_frame(rendering->messages[i], encoding, framing);
        rendered->may_be_skipped |=
            connection->protocol->skips && rendering->messages[i]->from.len;
    }
    if (rendering->count == 1)
        rendering->joined = frame_bytes(rendered->frames[0]);
    else if (!framing->finish)
        join_frames(rendering,
                    &worker->joined[encoding->number][framing->number]);
    rendered->cost = cost_of(framing, rendering);
}

/* Sends the messages for this connection individually. */
static void send_others(struct connection *connection,
                        const struct rendering *rendering, const void *topic)
{
    for (size_t i = 0; i < rendering->count; i++) {
        const struct rendering one = {
            .messages = rendering->messages + i,
            .frames = rendering->frames + i,
            .count = 1,
            .joined = frame_bytes(rendering->frames[i]),
        };
        if (!connection->protocol->skips(connection, one.messages[0]))
            connection_send_rendering(connection, &one, topic);
    }
}

static bool skips_some(const struct connection *connection,
                       const struct rendering *rendering)
{
    for (size_t i = 0; i < rendering->count; i++)
        if (connection->protocol->skips(connection, rendering->messages[i]))
            return true;
    return false;
}

/* Brings a subscriber up to date; returns the cost. */
static uint32_t send_to(struct channel *channel, struct subscriber *subscriber,
                        struct renderings *renderings)
{
    struct connection *connection = subscriber->connection;
    struct rendered *rendered =
        &renderings->of[connection_encoding(connection)->number]
                       [connection->transport->framing->number];
    bool latest = channel->options->slow_reader == SLOW_READER_LATEST;

    if (!rendered->is_made || rendered->next != subscriber->next)
        render(channel, connection, subscriber->next, rendered);
    subscriber->next = next_number(channel);
    channel->behind--;
    if (rendered->may_be_skipped &&
        skips_some(connection, &rendered->rendering))
        send_others(connection, &rendered->rendering, latest ? channel : NULL);
    else
        connection_send_rendering(connection, &rendered->rendering,
                                  latest ? channel : NULL);
    return rendered->cost;
}

/* Subscribers served in the ending round have at least all messages from before
 * it began. */
static void begin_round(struct channel *channel)
{
    worker_settle(channel->worker);
    if (channel->cursor)
        drop_first(channel, channel->round_start - channel->first);
    channel->cursor = 0;
    channel->round_start = next_number(channel);
}

uint32_t channel_send_some(struct channel *channel, uint32_t cost)
{
    struct renderings renderings;
    uint32_t used = 0;

    forget_renderings(&renderings);
    while (channel->behind && used < cost) {
        if (channel->cursor == 0 ||
            channel->cursor >= channel->subscriber_count)
            begin_round(channel);
        struct subscriber *subscriber =
            &channel->subscribers[channel->cursor++];
        if (subscriber->next != next_number(channel))
            used += send_to(channel, subscriber, &renderings);
    }
    worker_settle(channel->worker);
    if (!channel->behind)
        end_batch(channel);
    return used;
}

static void catch_up(struct channel *channel, uint32_t place)
{
    struct subscriber *subscriber = &channel->subscribers[place];
    if (subscriber->next == next_number(channel))
        return;
    struct renderings renderings;
    forget_renderings(&renderings);
    send_to(channel, subscriber, &renderings);
    worker_settle(channel->worker);
    if (!channel->behind)
        end_batch(channel);
}

void channel_catch_up(struct channel *channel, struct connection *connection)
{
    struct subscription *subscription = subscription_find(connection, channel);
    if (!subscription->is_pending)
        catch_up(channel, subscription->place);
}

void channel_catch_up_all(struct connection *connection)
{
    struct subscription *all = subscription_first(connection);
    for (uint32_t i = 0; i < connection->subscription_count; i++)
        channel_catch_up(all[i].channel, connection);
}

/* The last subscriber takes the removed one's place; if the round has passed
 * that place, it is served now. */
void channel_remove(struct channel *channel, struct connection *connection)
{
    uint32_t place = subscription_find(connection, channel)->place;
    catch_up(channel, place);
    if (place < channel->cursor)
        catch_up(channel, channel->subscriber_count - 1);
    struct subscriber last = channel->subscribers[--channel->subscriber_count];
    channel->subscribers[place] = last;
    subscription_find(last.connection, channel)->place = place;
    count_listener(channel, -1);
    metrics_add(&channel->worker->metrics, METRIC_SUBSCRIPTIONS, -1);
    free_when_unused(channel);
}

void channel_forget_rates(struct worker *worker)
{
    struct channel *channel;
    struct channel *next;
    HASH_ITER(hh, worker->channels, channel, next)
    {
        free(channel->rates);
        channel->rates = NULL;
    }
}
