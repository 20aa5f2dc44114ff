/* What clients ask for, from the request to Redis and back.
 *
 * A request waits in the backlog, in the order of its number, until Redis
 * serves; what is sent and not answered when the link goes down waits again,
 * with its number. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "bus/redis_bus.h"
#include "bus/redis_envelope.h"
#include "bus/redis_push.h"
#include "messaging/members.h"
#include "messaging/names.h"

void redis_refuse(struct redis_bus *bus, struct request *request)
{
    metrics_add(&bus->metrics, METRIC_REDIS_UNAVAILABLE, 1);
    request->fault = FAULT_UNAVAILABLE;
    request_finish(request);
}

/* Puts it where it was among the waiting, by its number. */
static void wait_in_backlog(struct redis_bus *bus, struct request *request)
{
    struct request **at = &bus->backlog;
    /* mostly it belongs at the end */
    if (bus->backlog_last && bus->backlog_last->number < request->number)
        at = &bus->backlog_last->next;
    while (*at && (*at)->number < request->number)
        at = &(*at)->next;
    request->next = *at;
    *at = request;
    if (!request->next)
        bus->backlog_last = request;
    bus->backlog_count++;
}

static struct request *take_first(struct redis_bus *bus)
{
    struct request *request = bus->backlog;
    bus->backlog = request->next;
    if (!bus->backlog)
        bus->backlog_last = NULL;
    bus->backlog_count--;
    return request;
}

bool redis_is_answered(struct request *request, const struct redisReply *reply)
{
    struct redis_bus *bus = request->bus_data;
    bus->in_flight--;
    if (!reply || redis_is_passing_error(bus, reply)) {
        wait_in_backlog(bus, request);
        return false;
    }
    redis_pump(bus); /* there is room again */
    if (redis_push_error(reply)) {
        redis_refuse(bus, request);
        return false;
    }
    return true;
}

/* The entries of read.lua that belong to this epoch and are not too old. */
static void add_entries(struct redis_bus *bus, struct request *request,
                        const struct redisReply *entries)
{
    const struct channel_options *options = channel_options_find(
        &bus->instance->options->channels, request->channel);
    int64_t oldest = clock_wall_ms() - (int64_t)options->history_seconds * 1000;
    for (size_t i = 0; i < redis_push_count(entries); i++) {
        struct bytes text;
        struct envelope envelope;
        if (!redis_push_bytes(redis_push_element(entries, i), &text) ||
            !redis_envelope_decode(text, &envelope) ||
            envelope.position.epoch != request->position.epoch ||
            envelope.time_ms < oldest)
            continue;
        struct message *message =
            redis_envelope_message(&envelope, bytes_of(request->channel));
        request_add_message(request, message);
        message_unref(message);
    }
}

static void on_history(void *arg, const struct redisReply *reply)
{
    struct request *request = arg;
    if (!redis_is_answered(request, reply))
        return;
    struct redis_bus *bus = request->bus_data;
    if (!redis_push_position(reply, &request->position)) {
        redis_refuse(bus, request);
        return;
    }
    add_entries(bus, request, redis_push_element(reply, 2));
    request_finish(request);
}

static void send_history(struct redis_bus *bus, struct request *request)
{
    const struct channel_options *options = channel_options_find(
        &bus->instance->options->channels, request->channel);
    if (!options->history_size) {
        bus->in_flight--;
        request->fault = FAULT_NO_HISTORY;
        request_finish(request);
        return;
    }
    uint32_t limit = request->limit < options->history_size
                         ? request->limit
                         : options->history_size;
    redis_read(bus, request->channel, limit ? "last" : "none", limit, NULL,
               on_history, request);
}

/* Fields are <instance>|<client>, values connections: summed up by client. */
static bool read_member(const struct redisReply *reply, size_t index,
                        struct bytes *client, uint32_t *connections)
{
    struct bytes field;
    struct bytes value;
    uint64_t number;
    if (!redis_push_bytes(redis_push_element(reply, index), &field) ||
        !redis_push_bytes(redis_push_element(reply, index + 1), &value) ||
        !json_decode_uint(value, &number) || number > UINT32_MAX ||
        field.len <= REDIS_ID_LEN + 1 || field.data[REDIS_ID_LEN] != '|')
        return false;
    *client = bytes_skip(field, REDIS_ID_LEN + 1);
    *connections = (uint32_t)number;
    return client_id_is_valid(*client);
}

static void on_presence(void *arg, const struct redisReply *reply)
{
    struct request *request = arg;
    if (!redis_is_answered(request, reply))
        return;
    struct members members = {0};
    for (size_t i = 0; i + 1 < redis_push_count(reply); i += 2) {
        struct bytes client;
        uint32_t connections;
        char text[CLIENT_ID_MAX + 1] = {0};
        if (!read_member(reply, i, &client, &connections))
            continue;
        memcpy(text, client.data, client.len);
        members_add_many(&members, text, connections);
    }
    members_report(&members, request);
    members_clear(&members);
    request_finish(request);
}

static void send_presence(struct redis_bus *bus, struct request *request)
{
    const struct channel_options *options = channel_options_find(
        &bus->instance->options->channels, request->channel);
    if (!options->presence) {
        bus->in_flight--;
        request->fault = FAULT_NO_PRESENCE;
        request_finish(request);
        return;
    }
    char *key = redis_key(bus, request->channel, "p");
    const struct bytes words[] = {BYTES_LITERAL("HGETALL"), bytes_of(key)};
    redis_link_send(bus->commands, words, 2, on_presence, request);
    free(key);
}

/* A channel that somebody subscribes to, on any instance, is one that Redis
 * has a subscriber for. */
static void on_channels(void *arg, const struct redisReply *reply)
{
    struct request *request = arg;
    if (!redis_is_answered(request, reply))
        return;
    struct redis_bus *bus = request->bus_data;
    for (size_t i = 0; i < redis_push_count(reply) &&
                       request->name_count < request->limit;
         i++) {
        struct bytes full;
        char name[CHANNEL_NAME_MAX + 1];
        if (redis_push_bytes(redis_push_element(reply, i), &full) &&
            redis_read_channel(bus, full, name))
            request_add_name(request, bytes_of(name));
    }
    request_finish(request);
}

static void send_channels(struct redis_bus *bus, struct request *request)
{
    char *pattern = redis_key(bus, "*", "c");
    const struct bytes words[] = {
        BYTES_LITERAL("PUBSUB"),
        bytes_of(bus->options->sharded ? "SHARDCHANNELS" : "CHANNELS"),
        bytes_of(pattern)};
    redis_link_send(bus->commands, words, 3, on_channels, request);
    free(pattern);
}

static void (*const senders[REQUEST_KIND_COUNT])(struct redis_bus *,
                                                 struct request *) = {
    [REQUEST_PUBLISH] = redis_publish,
    [REQUEST_HISTORY] = send_history,
    [REQUEST_PRESENCE] = send_presence,
    [REQUEST_DIRECT] = redis_direct,
    [REQUEST_DISCONNECT] = redis_disconnect,
    [REQUEST_REMOVE] = redis_remove,
    [REQUEST_CHANNELS] = send_channels,
    [REQUEST_INSTANCES] = redis_instances_list,
    [REQUEST_TICKET] = redis_keep_ticket,
    [REQUEST_REDEEM] = redis_redeem,
};

void redis_pump(struct redis_bus *bus)
{
    /* while nobody listens, what is sent to clients would be lost */
    while (bus->is_serving && bus->is_listening && bus->backlog &&
           bus->in_flight < IN_FLIGHT_MAX) {
        struct request *request = take_first(bus);
        bus->in_flight++;
        senders[request->kind](bus, request);
    }
}

static void accept_request(struct redis_bus *bus, struct request *request)
{
    request->number = ++bus->last_number;
    if (request->message)
        request->message->time_ms = clock_wall_ms();
    if (bus->backlog_count >= bus->options->backlog_messages) {
        redis_refuse(bus, request);
        return;
    }
    wait_in_backlog(bus, request);
    redis_pump(bus);
}

static void tell_of_client(struct redis_bus *bus, struct request *request)
{
    redis_clients_tell(bus, request->client);
    request_finish(request);
}

void redis_serve(struct redis_bus *bus, struct request *request)
{
    request->bus_data = bus;
    request->since_ms = clock_steady_ms();
    if (request->kind == REQUEST_SUBSCRIBE)
        redis_channel_subscribe(bus, request);
    else if (request->kind == REQUEST_UNSUBSCRIBE)
        redis_channel_unsubscribe(bus, request);
    else if (request->kind == REQUEST_CLIENT)
        tell_of_client(bus, request);
    else
        accept_request(bus, request);
}

void redis_expire_backlog(struct redis_bus *bus, uint64_t now_ms)
{
    uint64_t patience_ms = (uint64_t)bus->options->backlog_seconds * 1000;
    struct request *kept = bus->backlog;
    bus->backlog = bus->backlog_last = NULL;
    bus->backlog_count = 0;
    while (kept) {
        struct request *request = kept;
        kept = kept->next;
        if (now_ms - request->since_ms > patience_ms)
            redis_refuse(bus, request);
        else
            wait_in_backlog(bus, request);
    }
}
