#include "messaging/operations.h"

#include <stdlib.h>
#include <string.h>

#include "messaging/channel.h"
#include "messaging/hooked.h"
#include "messaging/names.h"
#include "messaging/worker.h"

static enum fault check(const struct connection *connection,
                        enum capability what, struct bytes channel)
{
    if (!channel_name_is_valid(channel))
        return FAULT_BAD_CHANNEL;
    if (!caps_allow(connection->identity.caps, what, channel))
        return FAULT_FORBIDDEN;
    return FAULT_NONE;
}

static struct request *new_request(struct connection *connection,
                                   enum request_kind kind, struct bytes channel,
                                   struct bytes id)
{
    struct request *request = request_new(
        kind, channel, bytes_of(connection_client_id(connection)), id);
    request->worker = connection->worker;
    request->connection = connection->handle;
    return request;
}

static void submit(struct connection *connection, struct request *request,
                   void (*done)(struct worker *, struct request *))
{
    request->done = done;
    bus_submit(connection->worker->instance->bus, request);
}

static void give_answer(struct connection *connection, struct request *request)
{
    if (request->fault == FAULT_TOO_MANY_CHANNELS)
        metrics_add(&connection->worker->metrics, METRIC_LIMIT_CHANNELS, 1);
    connection->protocol->on_answer(connection, request);
}

/* Most answers go straight to the protocol, if somebody still waits. */
static void answer(struct worker *worker, struct request *request)
{
    struct connection *connection =
        worker_find_connection(worker, request->connection);
    if (connection && connection->is_open && !connection->is_closing)
        give_answer(connection, request);
}

/* The bus counts this connection as a subscriber no longer. */
static void tell_bus_it_left(struct worker *worker, const char *channel,
                             const char *client)
{
    struct request *request =
        request_new(REQUEST_UNSUBSCRIBE, bytes_of(channel), bytes_of(client),
                    (struct bytes){0});
    bus_submit(worker->instance->bus, request);
}

/* Whether the subscription that the bus confirmed is still wanted. */
static bool finish_subscription(struct connection *connection,
                                struct channel *channel,
                                struct request *request)
{
    struct subscription *subscription =
        subscription_find(connection, channel);
    if (request->fault == FAULT_NONE && subscription->is_cancelled) {
        tell_bus_it_left(connection->worker, request->channel, request->client);
        request->fault = FAULT_CANCELLED;
    }
    if (request->fault != FAULT_NONE) {
        subscription_drop(connection, subscription);
        return false;
    }
    subscription->is_pending = false;
    return true;
}

/* A closing connection still lists the channel, which may go now. */
static void forget_subscription(struct connection *connection,
                                const struct channel *channel)
{
    struct subscription *subscription =
        connection ? subscription_find(connection, channel) : NULL;
    if (subscription)
        subscription_drop(connection, subscription);
}

static void on_subscribed(struct worker *worker, struct request *request)
{
    struct connection *connection =
        worker_find_connection(worker, request->connection);
    struct channel *channel = channel_find(worker, bytes_of(request->channel));
    bool is_gone = !connection || connection->is_closing;
    if (is_gone && request->fault == FAULT_NONE)
        tell_bus_it_left(worker, request->channel, request->client);
    if (is_gone) {
        forget_subscription(connection, channel);
        channel_settle(channel, NULL);
        return;
    }
    bool wanted = finish_subscription(connection, channel, request);
    channel_settle(channel, wanted ? connection : NULL);
    give_answer(connection, request);
}

static enum fault check_subscribe(struct connection *connection,
                                  struct bytes channel)
{
    enum fault fault = check(connection, CAN_SUBSCRIBE, channel);
    if (fault != FAULT_NONE)
        return fault;
    struct channel *known = channel_find(connection->worker, channel);
    if (known && subscription_find(connection, known))
        return FAULT_ALREADY_SUBSCRIBED;
    if (connection->subscription_count >=
        connection->worker->instance->options->limits.channels_per_connection) {
        metrics_add(&connection->worker->metrics, METRIC_LIMIT_SUBSCRIPTIONS,
                    1);
        return FAULT_TOO_MANY_CHANNELS;
    }
    return FAULT_NONE;
}

enum fault operation_subscribe(struct connection *connection,
                               struct bytes channel,
                               const struct position *since, struct bytes id)
{
    enum fault fault = check_subscribe(connection, channel);
    if (fault != FAULT_NONE)
        return fault;
    /* the hub knows this worker before the bus says from where on */
    subscription_add(connection,
                                channel_acquire(connection->worker, channel));
    struct request *request =
        new_request(connection, REQUEST_SUBSCRIBE, channel, id);
    request->recover = since != NULL;
    if (since)
        request->since = *since;
    request->done = on_subscribed;
    if (hook_is_asked(connection->worker->instance->hooks, HOOK_SUBSCRIBE,
                      channel))
        hooked_subscribe(connection, request);
    else
        bus_submit(connection->worker->instance->bus, request);
    return FAULT_NONE;
}

static void leave(struct connection *connection,
                  struct subscription *subscription)
{
    struct channel *channel = subscription->channel;
    tell_bus_it_left(connection->worker, channel->name,
                     connection_client_id(connection));
    channel_catch_up(channel, connection);
    outbox_end_topic(&connection->outbox, channel);
    channel_remove(channel, connection);
}

enum fault operation_unsubscribe(struct connection *connection,
                                 struct bytes channel)
{
    if (!channel_name_is_valid(channel))
        return FAULT_BAD_CHANNEL;
    struct channel *known = channel_find(connection->worker, channel);
    struct subscription *subscription =
        known ? subscription_find(connection, known) : NULL;
    if (!subscription || subscription->is_cancelled)
        return FAULT_NOT_SUBSCRIBED;
    if (subscription->is_pending) {
        subscription->is_cancelled = true;
        return FAULT_NONE;
    }
    leave(connection, subscription);
    subscription_drop(connection, subscription);
    return FAULT_NONE;
}

void operation_leave_all(struct connection *connection)
{
    /* what is pending is settled by on_subscribed, which finds us gone */
    for (uint32_t i = 0; i < connection->subscription_count; i++)
        if (!connection->subscriptions[i].is_pending)
            leave(connection, &connection->subscriptions[i]);
    free(connection->subscriptions);
    connection->subscriptions = NULL;
    connection->subscription_count = 0;
}

/* New work is refused while a worker has more waiting than it should. */
static bool is_swamped(struct connection *connection)
{
    const struct instance *instance = connection->worker->instance;
    if (!hub_is_swamped(instance->hub,
                        instance->options->limits.inbox_messages))
        return false;
    metrics_add(&connection->worker->metrics, METRIC_LIMIT_INBOX, 1);
    return true;
}

static enum fault ask_to_publish(struct connection *connection,
                                 struct request *request)
{
    request->done = answer;
    enum fault fault = hooked_publish(connection, request);
    if (fault != FAULT_NONE)
        request_free(request);
    return fault;
}

enum fault operation_publish(struct connection *connection,
                             struct bytes channel, struct bytes payload,
                             struct bytes trace, struct bytes id)
{
    enum fault fault = check(connection, CAN_PUBLISH, channel);
    if (fault != FAULT_NONE)
        return fault;
    if (is_swamped(connection))
        return FAULT_UNAVAILABLE;
    struct request *request =
        new_request(connection, REQUEST_PUBLISH, channel, id);
    request->message = message_new_traced(
        MESSAGE_PUBLICATION, channel,
        bytes_of(connection_client_id(connection)), payload, trace);
    if (hook_is_asked(connection->worker->instance->hooks, HOOK_PUBLISH,
                      channel))
        return ask_to_publish(connection, request);
    metrics_add(&connection->worker->metrics, METRIC_PUBLISHED, 1);
    submit(connection, request, answer);
    return FAULT_NONE;
}

enum fault operation_history(struct connection *connection,
                             struct bytes channel, uint32_t limit,
                             struct bytes id)
{
    enum fault fault = check(connection, CAN_SEE_HISTORY, channel);
    if (fault != FAULT_NONE)
        return fault;
    struct request *request =
        new_request(connection, REQUEST_HISTORY, channel, id);
    request->limit = limit;
    submit(connection, request, answer);
    return FAULT_NONE;
}

enum fault operation_presence(struct connection *connection,
                              struct bytes channel, struct bytes id)
{
    enum fault fault = check(connection, CAN_SEE_PRESENCE, channel);
    if (fault != FAULT_NONE)
        return fault;
    submit(connection, new_request(connection, REQUEST_PRESENCE, channel, id),
           answer);
    return FAULT_NONE;
}

void operation_instances(struct connection *connection)
{
    const struct bytes none = {0};
    submit(connection,
           new_request(connection, REQUEST_INSTANCES, none, none), answer);
}

enum fault operation_direct(struct connection *connection, struct bytes to,
                            struct bytes payload, struct bytes trace,
                            struct bytes id)
{
    if (!client_id_is_valid(to))
        return FAULT_BAD_CLIENT;
    if (!caps_allow(connection->identity.caps, CAN_SEND_DIRECT, to))
        return FAULT_FORBIDDEN;
    if (is_swamped(connection))
        return FAULT_UNAVAILABLE;
    struct request *request = new_request(connection, REQUEST_DIRECT, to, id);
    request->message = message_new_traced(
        MESSAGE_DIRECT, (struct bytes){0},
        bytes_of(connection_client_id(connection)), payload, trace);
    submit(connection, request, answer);
    return FAULT_NONE;
}

void operation_remove(struct connection *connection, struct bytes channel)
{
    if (operation_unsubscribe(connection, channel) == FAULT_NONE)
        connection->protocol->on_unsubscribed(connection, channel);
}

/* A fresh token may allow less than the old one did. */
static void leave_forbidden(struct connection *connection)
{
    for (uint32_t i = connection->subscription_count; i-- > 0;) {
        struct bytes name =
            bytes_of(connection->subscriptions[i].channel->name);
        if (caps_allow(connection->identity.caps, CAN_SUBSCRIBE, name))
            continue;
        char copy[CHANNEL_NAME_MAX]; /* the channel may go with us */
        memcpy(copy, name.data, name.len);
        name.data = copy;
        operation_remove(connection, name);
    }
}

/* What the application has said in a hook stays. */
static void take_on(struct connection *connection, struct identity fresh)
{
    struct identity *identity = &connection->identity;
    struct caps *unused = connection->keeps_caps ? fresh.caps : identity->caps;
    if (!connection->keeps_caps)
        identity->caps = fresh.caps;
    if (!connection->keeps_expiry)
        identity->expires_seconds = fresh.expires_seconds;
    caps_unref(unused);
}

enum fault operation_refresh(struct connection *connection, struct bytes token,
                             const char **why)
{
    const struct token_judge *judge =
        &connection->worker->instance->token_judge;
    struct identity fresh;
    if (!judge->judge(judge->arg, token, connection_client_id(connection),
                      &fresh, why))
        return FAULT_BAD_TOKEN;
    take_on(connection, fresh);
    worker_watch_expiry(connection->worker, connection);
    leave_forbidden(connection);
    return FAULT_NONE;
}
