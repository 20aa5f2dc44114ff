#include "messaging/channel.h"

#include <stdlib.h>

#include "messaging/worker.h"

enum {
    BATCH_MESSAGES = 256, /* at most in one write */
    BATCH_BYTES = 65536,
    KEPT_CAPACITY = 64
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

static void clear_batch(struct channel *channel)
{
    for (uint32_t i = 0; i < channel->batch_count; i++)
        message_unref(channel->batch[i]);
    channel->batch_count = 0;
    channel->batch_bytes = 0;
}

static void unlink_dirty(struct channel *channel)
{
    struct channel **at = &channel->worker->dirty;
    while (*at != channel)
        at = &(*at)->dirty_next;
    *at = channel->dirty_next;
}

static void free_when_unused(struct channel *channel)
{
    if (channel->subscriber_count || channel->pending)
        return;
    struct worker *worker = channel->worker;
    if (channel->is_dirty)
        unlink_dirty(channel);
    clear_batch(channel);
    HASH_DEL(worker->channels, channel);
    hub_leave(worker->instance->hub, worker, channel->hub_channel);
    free(channel->batch);
    free(channel->subscribers);
    free(channel);
}

static void add_subscriber(struct channel *channel,
                           struct connection *connection)
{
    /* what the batch holds came before this subscriber did */
    channel_flush(channel);
    if (channel->subscriber_count == channel->subscriber_capacity) {
        channel->subscriber_capacity =
            channel->subscriber_capacity ? channel->subscriber_capacity * 2 : 1;
        channel->subscribers =
            memory_resize(channel->subscribers, channel->subscriber_capacity,
                          sizeof *channel->subscribers);
    }
    channel->subscribers[channel->subscriber_count] = connection;
    connection_find_subscription(connection, channel)->place =
        channel->subscriber_count++;
    hub_count_listener(channel->hub_channel, 1);
}

void channel_settle(struct channel *channel, struct connection *connection)
{
    channel->pending--;
    if (connection)
        add_subscriber(channel, connection);
    else
        free_when_unused(channel);
}

void channel_remove(struct channel *channel, struct connection *connection)
{
    channel_flush(channel);
    uint32_t place = connection_find_subscription(connection, channel)->place;
    struct connection *last =
        channel->subscribers[--channel->subscriber_count];
    channel->subscribers[place] = last;
    connection_find_subscription(last, channel)->place = place;
    hub_count_listener(channel->hub_channel, -1);
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
    if (channel->batch_count == channel->batch_capacity)
        grow_batch(channel);
    channel->batch[channel->batch_count++] = message_ref(message);
    channel->batch_bytes += message_size(message);
    if (!channel->is_dirty) {
        channel->is_dirty = true;
        channel->dirty_next = channel->worker->dirty;
        channel->worker->dirty = channel;
    }
    if (channel->batch_count == BATCH_MESSAGES ||
        channel->batch_bytes >= BATCH_BYTES)
        channel_flush(channel);
}

/* The batch in the frames of one wire format, single and joined. */
struct rendering {
    bool is_made;
    struct bytes joined;
    struct frame *frames[BATCH_MESSAGES];
};

static void render(struct channel *channel, const struct protocol *protocol,
                   struct rendering *rendering)
{
    for (uint32_t i = 0; i < channel->batch_count; i++)
        rendering->frames[i] = message_frame(
            channel->batch[i], protocol->encoding, protocol->encode);
    rendering->is_made = true;
    rendering->joined = frame_bytes(rendering->frames[0]);
    if (channel->batch_count == 1)
        return;
    struct buffer *joined = &channel->worker->joined[protocol->encoding];
    buffer_clear(joined);
    for (uint32_t i = 0; i < channel->batch_count; i++)
        buffer_append(joined, frame_bytes(rendering->frames[i]));
    rendering->joined = buffer_bytes(joined);
}

static void send_batch(struct channel *channel)
{
    struct rendering renderings[ENCODINGS_MAX];
    for (int i = 0; i < ENCODINGS_MAX; i++)
        renderings[i].is_made = false;
    bool latest = channel->options->slow_reader == SLOW_READER_LATEST;
    const void *topic = latest ? channel : NULL;
    for (uint32_t i = 0; i < channel->subscriber_count; i++) {
        struct connection *connection = channel->subscribers[i];
        const struct protocol *protocol = connection->protocol;
        struct rendering *rendering = &renderings[protocol->encoding];
        if (!rendering->is_made)
            render(channel, protocol, rendering);
        connection_send_frames(connection, rendering->frames,
                               channel->batch_count, rendering->joined, topic);
    }
}

void channel_flush(struct channel *channel)
{
    if (!channel->batch_count)
        return;
    send_batch(channel);
    clear_batch(channel);
    if (channel->batch_capacity > KEPT_CAPACITY) {
        free(channel->batch);
        channel->batch = NULL;
        channel->batch_capacity = 0;
    }
}
