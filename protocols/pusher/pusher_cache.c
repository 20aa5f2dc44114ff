#include "protocols/pusher/pusher_cache.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/memory.h"
#include "messaging/connection.h"
#include "messaging/names.h"
#include "messaging/operations.h"
#include "messaging/worker.h"
#include "protocols/pusher/pusher_answer.h"
#include "protocols/pusher/pusher_apps.h"
#include "protocols/pusher/pusher_client.h"
#include "protocols/pusher/pusher_encode.h"
#include "protocols/pusher/pusher_name.h"
#include "protocols/pusher/pusher_webhook.h"

/* How many messages back an event of a backend is searched. */
enum { DEPTH = 100 };

/* A channel whose last event is being searched. */
struct pusher_cached {
    struct pusher_cached *next;
    uint64_t number; /* id of the query */
    uint64_t offset; /* offset of the last message before the subscription */
    struct message *newest; /* so far; a reference, or NULL */
    size_t channel_len;
    char channel[CHANNEL_NAME_MAX];
};

bool pusher_cache_keeps(struct bytes event)
{
    return !bytes_start_with(event, BYTES_LITERAL("client-")) &&
           !bytes_start_with(event, BYTES_LITERAL("pusher_internal:"));
}

static struct pusher_cached **find(struct connection *connection,
                                   struct bytes channel)
{
    struct pusher_cached **place =
        &pusher_client_extra(pusher_client_of(connection))->cached;
    while (*place &&
           !bytes_equal(channel, (struct bytes){(*place)->channel,
                                                (*place)->channel_len}))
        place = &(*place)->next;
    return place;
}

static void take_out(struct pusher_cached **place)
{
    struct pusher_cached *cached = *place;
    *place = cached->next;
    message_unref(cached->newest);
    free(cached);
}

void pusher_cache_drop(struct connection *connection, struct bytes channel)
{
    if (!pusher_client_of(connection)->extra)
        return;
    struct pusher_cached **place = find(connection, channel);
    if (*place)
        take_out(place);
}

void pusher_cache_end(struct connection *connection)
{
    struct pusher_client *client = pusher_client_of(connection);
    while (client && client->extra && client->extra->cached)
        take_out(&client->extra->cached);
}

static void miss(struct connection *connection, struct bytes channel)
{
    pusher_answer_event(connection, "pusher:cache_miss",
                        pusher_name_of(channel), BYTES_LITERAL("{}"));
    pusher_webhook_tell(connection->worker->instance->hooks,
                        pusher_client_of(connection)->app, PUSHER_CACHE_MISS,
                        channel, (struct bytes){0});
}

void pusher_cache_ask(struct connection *connection, struct bytes channel,
                      uint64_t offset)
{
    struct pusher_client *client = pusher_client_of(connection);
    bool has_others = client->app->subscription_counts ||
                      (client->app->client_events &&
                       pusher_name_is_private(pusher_name_of(channel)));
    char number[24];
    struct pusher_extra *extra = pusher_client_extra(client);
    pusher_cache_drop(connection, channel);
    struct pusher_cached *cached = memory_new(1, sizeof *cached);
    cached->number = ++extra->last_number;
    cached->offset = offset;
    cached->channel_len = channel.len;
    memcpy(cached->channel, channel.data, channel.len);
    cached->next = extra->cached;
    extra->cached = cached;
    snprintf(number, sizeof number, "%llu", (unsigned long long)cached->number);
    if (operation_history(connection, channel, has_others ? DEPTH : 1,
                          bytes_of(number)) == FAULT_NONE)
        return;
    pusher_cache_drop(connection, channel);
    miss(connection, channel);
}

static void send(struct connection *connection, const struct message *message)
{
    struct buffer *out = connection_reply_begin(connection);
    pusher_encoding.encode(message, out);
    connection_reply_end(connection, PAYLOAD_TEXT);
}

static void gather(struct pusher_cached *cached, const struct request *request)
{
    for (size_t i = request->message_count; i--;) {
        struct message *message = request->messages[i];
        if (!pusher_cache_keeps(message->event))
            continue;
        message_unref(cached->newest);
        cached->newest = message;
        message_ref(message);
        return;
    }
}

/* Messages since the subscription are delivered live. */
static void tell(struct connection *connection,
                 const struct pusher_cached *cached)
{
    if (!cached->newest)
        miss(connection, (struct bytes){cached->channel, cached->channel_len});
    else if (cached->newest->offset <= cached->offset)
        send(connection, cached->newest);
}

void pusher_cache_on_history(struct connection *connection,
                             const struct request *request)
{
    uint64_t number;
    struct pusher_cached **place = find(connection, bytes_of(request->channel));
    if (!*place || !json_decode_uint(request->id, &number) ||
        number != (*place)->number)
        return; /* unsubscribed, possibly resubscribed, meanwhile */
    if (request->fault == FAULT_NONE)
        gather(*place, request);
    if (request->fault == FAULT_NONE && request->has_more)
        return;
    tell(connection, *place);
    take_out(place);
}
