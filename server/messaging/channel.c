#include "messaging/channel.h"

#include <stdlib.h>

#include <utlist.h>

#include "base/clock.h"
#include "messaging/tally.h"

enum {
    BATCH_MESSAGES = 256, /* at most in one write */
    BATCH_BYTES = 65536,
    KEPT_CAPACITY = 64,
    COST_BYTES = 4096 /* so many in a write cost as much as the write */
};

struct channel *channel_find(struct worker *worker, struct bytes name)
{
    struct channel *channel;
    HASH_FIND(hh, worker->channels, name.data, name.len, channel);
    return channel;
}

static struct channel *add(struct worker *worker, struct bytes name)
{
    struct channel *channel = memory_new(1, sizeof *channel + name.len + 1);
    memcpy(channel->name, name.data, name.len);
    channel->worker = worker;
    channel->options = channel_options_find(
        &worker->instance->options->channels, channel->name);
    channel->hub_channel =
        hub_enter(worker->instance->hub, worker, channel->name);
    HASH_ADD_KEYPTR(hh, worker->channels, channel->name, name.len, channel);
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

/* The number that the next message will get. */
static uint32_t next_number(const struct channel *channel)
{
    return channel->first + channel->batch_count;
}

/* The oldest has waited longest. */
static void note_fan_out(struct channel *channel)
{
    uint64_t handed_ns = channel->batch[0]->handed_ns;
    if (handed_ns)
        metrics_observe(&channel->worker->metrics, DISTRIBUTION_FAN_OUT,
                        clock_steady_ns() - handed_ns);
}

/* Everybody has them. */
static void drop_first(struct channel *channel, uint32_t count)
{
    if (count)
        note_fan_out(channel);
    for (uint32_t i = 0; i < count; i++) {
        channel->batch_bytes -= message_size(channel->batch[i]);
        message_unref(channel->batch[i]);
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
    free(channel->tally);
    free(channel);
}

static void add_subscriber(struct channel *channel,
                           struct connection *connection)
{
    if (channel->subscriber_count == channel->subscriber_capacity) {
        channel->subscriber_capacity =
            channel->subscriber_capacity ? channel->subscriber_capacity * 2 : 1;
        channel->subscribers =
            memory_resize(channel->subscribers, channel->subscriber_capacity,
                          sizeof *channel->subscribers);
    }
    uint32_t place = channel->subscriber_count++;
    /* what the batch holds came before this subscriber did */
    channel->subscribers[place] =
        (struct subscriber){connection, next_number(channel)};
    subscription_find(connection, channel)->place = place;
    hub_count_listener(channel->hub_channel, 1);
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

static void grow_batch(struct channel *channel)
{
    channel->batch_capacity =
        channel->batch_capacity ? channel->batch_capacity * 2 : 4;
    channel->batch = memory_resize(channel->batch, channel->batch_capacity,
                                   sizeof(struct message *));
}

void channel_push(struct channel *channel, struct message *message)
{
    if (!channel->subscriber_count)
        return;
    if (channel->worker->watch)
        watch_channel(channel, message_size(message));
    if (!channel->batch_count)
        DL_APPEND2(channel->worker->dirty, channel, dirty_prev, dirty_next);
    if (channel->batch_count == channel->batch_capacity)
        grow_batch(channel);
    channel->batch[channel->batch_count++] = message_ref(message);
    channel->batch_bytes += message_size(message);
    channel->behind = channel->subscriber_count;
    if (channel->batch_count == BATCH_MESSAGES ||
        channel->batch_bytes >= BATCH_BYTES)
        channel_send_some(channel, UINT32_MAX);
}

/* The batch from some message on, in the frames of one wire format, single
 * and joined. */
struct rendering {
    bool is_made;
    uint32_t next; /* the number of the first message */
    uint32_t count;
    struct bytes joined;
    struct frame *frames[BATCH_MESSAGES];
};

/* One for each wire format, made at the first need. */
struct renderings {
    struct rendering of[ENCODINGS_MAX];
};

static void forget_renderings(struct renderings *renderings)
{
    for (int i = 0; i < ENCODINGS_MAX; i++)
        renderings->of[i].is_made = false;
}

static void join_frames(struct rendering *rendering, struct buffer *joined)
{
    buffer_clear(joined);
    for (uint32_t i = 0; i < rendering->count; i++)
        buffer_append(joined, frame_bytes(rendering->frames[i]));
    rendering->joined = buffer_bytes(joined);
}

static void render(struct channel *channel, const struct protocol *protocol,
                   uint32_t next, struct rendering *rendering)
{
    struct message **messages = channel->batch + (next - channel->first);
    worker_settle(channel->worker); /* they read what was rendered before */
    rendering->is_made = true;
    rendering->next = next;
    rendering->count = next_number(channel) - next;
    for (uint32_t i = 0; i < rendering->count; i++)
        rendering->frames[i] = message_frame(messages[i], protocol->encoding,
                                             protocol->encode);
    if (rendering->count == 1)
        rendering->joined = frame_bytes(rendering->frames[0]);
    else
        join_frames(rendering, &channel->worker->joined[protocol->encoding]);
}

/* Brings a subscriber up to date; returns the cost. */
static uint32_t send_to(struct channel *channel, struct subscriber *subscriber,
                        struct renderings *renderings)
{
    struct connection *connection = subscriber->connection;
    const struct protocol *protocol = connection->protocol;
    struct rendering *rendering = &renderings->of[protocol->encoding];
    bool latest = channel->options->slow_reader == SLOW_READER_LATEST;

    if (!rendering->is_made || rendering->next != subscriber->next)
        render(channel, protocol, subscriber->next, rendering);
    subscriber->next = next_number(channel);
    channel->behind--;
    connection_send_frames(connection, rendering->frames, rendering->count,
                           rendering->joined, latest ? channel : NULL);
    return 1 + (uint32_t)(rendering->joined.len / COST_BYTES);
}

/* Whoever was served in the round that ends has at least what came before it
 * began. */
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
    struct subscription *subscription =
        subscription_find(connection, channel);
    if (!subscription->is_pending)
        catch_up(channel, subscription->place);
}

/* The last takes the place of the one that leaves; where this round has been
 * there already, it is served now. */
void channel_remove(struct channel *channel, struct connection *connection)
{
    uint32_t place = subscription_find(connection, channel)->place;
    catch_up(channel, place);
    if (place < channel->cursor)
        catch_up(channel, channel->subscriber_count - 1);
    struct subscriber last = channel->subscribers[--channel->subscriber_count];
    channel->subscribers[place] = last;
    subscription_find(last.connection, channel)->place = place;
    hub_count_listener(channel->hub_channel, -1);
    metrics_add(&channel->worker->metrics, METRIC_SUBSCRIPTIONS, -1);
    free_when_unused(channel);
}
