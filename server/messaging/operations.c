#include "messaging/operations.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "messaging/bus.h"
#include "messaging/channel.h"
#include "messaging/hook.h"
#include "messaging/hub.h"
#include "messaging/liveness.h"
#include "messaging/names.h"
#include "messaging/operation_refusal.h"
#include "messaging/operation_request.h"
#include "messaging/pending_hooks.h"
#include "messaging/pressure.h"
#include "messaging/responses.h"
#include "messaging/subscription.h"
#include "messaging/worker.h"

static struct bytes info_of(const struct connection *connection)
{
    const char *info = connection->identity.info;
    return info ? bytes_of(info) : (struct bytes){0};
}

/* The connection's member name in a channel. */
static const char *member_of(const struct connection *connection,
                             struct bytes channel, struct bytes *info)
{
    *info = info_of(connection);
    return connection->protocol->member
               ? connection->protocol->member(connection, channel, info)
               : connection_client_id(connection);
}

/* Tells the bus that this connection no longer subscribes. */
static void tell_bus_it_left(struct worker *worker, const char *channel,
                             const char *client)
{
    struct request *request =
        request_new(REQUEST_UNSUBSCRIBE, bytes_of(channel), bytes_of(client),
                    (struct bytes){0});
    bus_submit(worker->instance->bus, request);
}

/* Asks the application, or sends the request to the bus directly. */
static void start_subscribing(struct connection *connection,
                              struct request *request)
{
    const struct instance *instance = connection->worker->instance;
    bool is_asked = hook_is_asked(instance->hooks, HOOK_SUBSCRIBE,
                                  bytes_of(request->channel));
    request->page = REQUEST_NO_PAGE;
    /* others must not wait for the application */
    if (request->recover && !is_asked)
        request->page = responses_begin_subscribe(connection);
    if (is_asked)
        pending_hooks_subscribe(connection, request);
    else
        bus_submit(instance->bus, request);
}

/* Sends the request that the client made after it cancelled the one answered
 * now. The bus gets it before the unsubscribe of the first one, so that no
 * leave and join are reported. */
static bool start_renewal(struct connection *connection,
                          struct subscription *subscription)
{
    struct request *request = subscription_take_renewal(
        connection, subscription, subscription->channel->name);
    if (!request)
        return false;
    subscription->is_cancelled = false;
    subscription->is_hidden = !request->client[0];
    channel_acquire(connection->worker, bytes_of(request->channel));
    start_subscribing(connection, request);
    return true;
}

/* Whether the subscription that the bus confirmed is still wanted. */
static bool finish_subscription(struct connection *connection,
                                struct channel *channel,
                                struct request *request)
{
    struct subscription *subscription = subscription_find(connection, channel);
    bool is_late = request->fault == FAULT_NONE && subscription->is_cancelled;
    if (request->fault == FAULT_NONE && !is_late) {
        subscription->is_pending = false;
        return true;
    }
    if (!start_renewal(connection, subscription))
        subscription_drop(connection, subscription);
    if (is_late) {
        tell_bus_it_left(connection->worker, request->channel, request->client);
        request->fault = FAULT_CANCELLED;
    }
    return false;
}

/* A closing connection still lists the channel, which may be freed now. */
static void forget_subscription(struct connection *connection,
                                const struct channel *channel)
{
    struct subscription *subscription =
        connection ? subscription_find(connection, channel) : NULL;
    if (subscription)
        subscription_drop(connection, subscription);
}

static void begin_recovery(struct connection *connection,
                           struct channel *channel, struct request *request)
{
    struct subscription *subscription = subscription_find(connection, channel);
    subscription->is_pending = true;
    subscription->is_recovering = true;
    channel_begin_recovery(channel, connection);
    responses_recover(connection, request);
}

static void end_page(struct connection *connection,
                     const struct request *request)
{
    if (connection && request->recover)
        responses_end_subscribe(connection, request->page);
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
        end_page(connection, request);
        return;
    }
    bool wanted = finish_subscription(connection, channel, request);
    bool has_more = wanted && request->has_more;
    if (has_more)
        begin_recovery(connection, channel, request);
    else
        channel_settle(channel, wanted ? connection : NULL);
    operation_give_answer(connection, request);
    end_page(connection, request);
}

static struct subscription *find_subscription(struct connection *connection,
                                              struct bytes channel)
{
    struct channel *known = channel_find(connection->worker, channel);
    return known ? subscription_find(connection, known) : NULL;
}

/* Subscriptions cancelled while pending do not count for the client, but are
 * limited too. */
static enum fault check_room(struct connection *connection)
{
    enum { LEFT_MAX = 1024 };
    uint32_t wanted = subscription_count_wanted(connection);
    if (wanted >=
        connection->worker->instance->options->limits.channels_per_connection) {
        metrics_add(&connection->worker->metrics, METRIC_LIMIT_SUBSCRIPTIONS,
                    1);
        return FAULT_TOO_MANY_CHANNELS;
    }
    return connection->subscription_count - wanted < LEFT_MAX
               ? FAULT_NONE
               : FAULT_UNAVAILABLE;
}

static enum fault check_subscribe(struct connection *connection,
                                  struct bytes channel)
{
    enum fault fault = operation_check(connection, CAN_SUBSCRIBE, channel);
    if (fault != FAULT_NONE)
        return fault;
    const struct subscription *known = find_subscription(connection, channel);
    if (known && subscription_is_wanted(known))
        return FAULT_ALREADY_SUBSCRIBED;
    return check_room(connection);
}

enum fault operation_subscribe(struct connection *connection,
                               struct bytes channel,
                               const struct position *since, struct bytes id)
{
    const struct follow_up nothing = {0};
    return operation_subscribe_and(connection, channel, since, &nothing, id);
}

enum fault operation_subscribe_and(struct connection *connection,
                                   struct bytes channel,
                                   const struct position *since,
                                   const struct follow_up *follow_up,
                                   struct bytes id)
{
    enum fault fault = check_subscribe(connection, channel);
    if (fault != FAULT_NONE)
        return fault;
    if (since && pressure_refuses(connection->worker))
        return FAULT_UNAVAILABLE;
    struct bytes info;
    const char *member = member_of(connection, channel, &info);
    struct request *request = operation_request_of(
        connection, request_new_subscribe(channel, bytes_of(member), info, id));
    request->recover = since != NULL;
    if (since)
        request->since = *since;
    request->follow_up = *follow_up;
    if (caps_allow(connection->identity.caps, CAN_HIDE, channel))
        request->client = "";
    request->done = on_subscribed;
    struct subscription *cancelled = find_subscription(connection, channel);
    if (cancelled) {
        request->since_ms = clock_steady_ms();
        subscription_renew(connection, cancelled, request);
        return FAULT_NONE;
    }
    /* register at the hub before the bus determines the position */
    subscription_add(connection, channel_acquire(connection->worker, channel),
                     !request->client[0]);
    start_subscribing(connection, request);
    return FAULT_NONE;
}

/* Hidden clients have no name there. */
static void tell_bus_of_leaving(const struct connection *connection,
                                const struct subscription *subscription)
{
    struct bytes info;
    const char *channel = subscription->channel->name;
    tell_bus_it_left(connection->worker, channel,
                     subscription->is_hidden
                         ? ""
                         : member_of(connection, bytes_of(channel), &info));
}

/* Missed messages are still being sent: it is not a subscriber yet, but the bus
 * counts it as one. */
static void leave_recovering(struct connection *connection,
                             struct subscription *subscription)
{
    struct channel *channel = subscription->channel;
    tell_bus_of_leaving(connection, subscription);
    responses_drop_recovery(connection, channel->name);
    channel_end_recovery(channel, connection);
    channel_settle(channel, NULL);
}

static void leave(struct connection *connection,
                  struct subscription *subscription)
{
    struct channel *channel = subscription->channel;
    tell_bus_of_leaving(connection, subscription);
    channel_catch_up(channel, connection);
    outbox_end_topic(&connection->outbox, channel);
    channel_remove(channel, connection);
}

/* The bus has not learned of the unsubscribe yet. */
static void cancel(struct connection *connection,
                   struct subscription *subscription)
{
    struct request *renewal = subscription_take_renewal(
        connection, subscription, subscription->channel->name);
    subscription->is_cancelled = true;
    if (!renewal)
        return;
    renewal->fault = FAULT_CANCELLED;
    if (!connection->is_closing)
        operation_give_answer(connection, renewal);
    request_free(renewal);
}

enum fault operation_unsubscribe(struct connection *connection,
                                 struct bytes channel)
{
    if (!channel_name_is_valid(channel))
        return FAULT_BAD_CHANNEL;
    struct subscription *subscription = find_subscription(connection, channel);
    if (!subscription || !subscription_is_wanted(subscription))
        return FAULT_NOT_SUBSCRIBED;
    if (subscription->is_pending && !subscription->is_recovering) {
        cancel(connection, subscription);
        return FAULT_NONE;
    }
    if (subscription->is_recovering)
        leave_recovering(connection, subscription);
    else
        leave(connection, subscription);
    subscription_drop(connection, subscription);
    return FAULT_NONE;
}

void operation_leave_all(struct connection *connection)
{
    /* on_subscribed handles pending ones when it finds the connection closed */
    struct subscription *all = subscription_first(connection);
    for (uint32_t i = 0; i < connection->subscription_count; i++)
        if (all[i].is_recovering)
            leave_recovering(connection, &all[i]);
        else if (!all[i].is_pending)
            leave(connection, &all[i]);
    subscription_drop_all(connection);
}

/* Refuses new work while a worker has too many waiting items. */
static bool is_swamped(struct connection *connection)
{
    const struct instance *instance = connection->worker->instance;
    if (pressure_refuses(connection->worker))
        return true;
    if (!hub_is_swamped(instance->hub,
                        instance->options->limits.inbox_messages))
        return false;
    metrics_add(&connection->worker->metrics, METRIC_LIMIT_INBOX, 1);
    return true;
}

static enum fault ask_to_publish(struct connection *connection,
                                 struct request *request)
{
    request->done = operation_answer;
    enum fault fault = pending_hooks_publish(connection, request);
    if (fault != FAULT_NONE)
        request_free(request);
    return fault;
}

static struct message *new_message(const struct connection *connection,
                                   enum message_kind kind, struct bytes channel,
                                   struct bytes info,
                                   const struct utterance *utterance)
{
    const struct message_parts parts = {
        .channel = channel,
        .from = bytes_of(connection_client_id(connection)),
        .event = utterance->event,
        .info = info,
        .payload = utterance->payload,
        .trace = utterance->trace,
    };
    return message_new_of(kind, &parts);
}

/* The sender's info in each message of the channel. */
static struct bytes shown_info(const struct connection *connection,
                               const char *channel)
{
    if (!connection->identity.info)
        return (struct bytes){0};
    return channel_options_find(
               &connection->worker->instance->options->channels, channel)
                   ->message_info
               ? info_of(connection)
               : (struct bytes){0};
}

enum fault operation_publish(struct connection *connection,
                             struct bytes channel,
                             const struct utterance *utterance, struct bytes id)
{
    if (!channel_name_is_valid(channel))
        return FAULT_BAD_CHANNEL;
    if (operation_refusal_check_event(connection, CAN_PUBLISH, channel,
                                      utterance->event) != FAULT_NONE)
        return FAULT_FORBIDDEN;
    if (is_swamped(connection))
        return FAULT_UNAVAILABLE;
    struct request *request = operation_request_of(
        connection,
        request_new_publish(channel, bytes_of(connection_client_id(connection)),
                            utterance->key, id));
    request->message = new_message(
        connection, MESSAGE_PUBLICATION, channel,
        utterance->info.len ? utterance->info
                            : shown_info(connection, request->channel),
        utterance);
    if (hook_is_asked(connection->worker->instance->hooks, HOOK_PUBLISH,
                      channel))
        return ask_to_publish(connection, request);
    metrics_add(&connection->worker->metrics, METRIC_PUBLISHED, 1);
    operation_submit(connection, request, operation_answer);
    return FAULT_NONE;
}

void operation_instances(struct connection *connection)
{
    const struct bytes none = {0};
    operation_submit(
        connection,
        operation_request_new(connection, REQUEST_INSTANCES, none, none),
        operation_answer);
}

enum fault operation_direct(struct connection *connection, struct bytes to,
                            const struct utterance *utterance, struct bytes id)
{
    if (!client_id_is_valid(to))
        return FAULT_BAD_CLIENT;
    if (operation_refusal_check_event(connection, CAN_SEND_DIRECT, to,
                                      utterance->event) != FAULT_NONE)
        return FAULT_FORBIDDEN;
    if (is_swamped(connection))
        return FAULT_UNAVAILABLE;
    struct request *request =
        operation_request_new(connection, REQUEST_DIRECT, to, id);
    request->message =
        new_message(connection, MESSAGE_DIRECT, (struct bytes){0},
                    (struct bytes){0}, utterance);
    operation_submit(connection, request, operation_answer);
    return FAULT_NONE;
}
