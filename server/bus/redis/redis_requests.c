/* Executes bus requests in Redis.
 *
 * A request waits in the backlog, ordered by number, until Redis is available.
 * Unanswered requests return there when the link goes down. */
#include "bus/redis/redis_requests.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "bus/redis/redis_backlog.h"
#include "bus/redis/redis_bans.h"
#include "bus/redis/redis_call.h"
#include "bus/redis/redis_channel.h"
#include "bus/redis/redis_clients.h"
#include "bus/redis/redis_cluster.h"
#include "bus/redis/redis_control.h"
#include "bus/redis/redis_envelope.h"
#include "bus/redis/redis_instances.h"
#include "bus/redis/redis_keys.h"
#include "bus/redis/redis_link.h"
#include "bus/redis/redis_member_list.h"
#include "bus/redis/redis_publish.h"
#include "bus/redis/redis_push.h"
#include "bus/redis/redis_send.h"
#include "bus/redis/redis_surveys.h"
#include "bus/redis/redis_tickets.h"
#include "bus/redis/redis_writes.h"
#include "messaging/names.h"
#include "messaging/store/members.h"

/* Whether it is part of the answer. */
static bool is_wanted(const struct request *request,
                      const struct envelope *envelope, int64_t oldest_ms)
{
    if (envelope->position.epoch != request->position.epoch ||
        envelope->position.offset > request->until)
        return false;
    return envelope->time_ms >= oldest_ms;
}

static void add_entry(struct request *request, const struct envelope *envelope)
{
    struct message *message =
        redis_envelope_message(envelope, bytes_of(request->channel));
    if (!request->has_more)
        request->has_more = !request_has_room(request, message);
    if (!request->has_more)
        request_add_message(request, message);
    message_unref(message);
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
            !redis_envelope_decode(text, &envelope) || request->has_more)
            continue;
        if (is_wanted(request, &envelope, oldest))
            add_entry(request, &envelope);
        if (!request->has_more)
            request->page_end = envelope.position.offset;
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
    const struct redisReply *entries = redis_push_element(reply, 2);
    if (request->is_continued &&
        request->since.epoch != request->position.epoch)
        entries = NULL; /* of another epoch */
    if (!request->is_continued)
        request->until = request->position.offset;
    add_entries(bus, request, entries);
    /* the script has held something back, unless there was nothing */
    if (request->page != REQUEST_ALL &&
        request->page_end > request->since.offset &&
        request->page_end < request->until)
        request->has_more = true;
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
    uint32_t bytes = redis_page_bytes(request->page);
    if (request->is_continued)
        redis_read(bus, request->channel, "after", request->since.offset, bytes,
                   NULL, on_history, request);
    else
        redis_read(bus, request->channel, limit ? "last" : "none", limit, bytes,
                   NULL, on_history, request);
}

static void on_presence(void *arg, const struct redisReply *reply,
                        const struct members *list)
{
    struct request *request = arg;
    if (!redis_is_answered(request, reply))
        return;
    members_report(list, request);
    request_finish(request);
}

static void on_member_count(void *arg, const struct redisReply *reply)
{
    struct request *request = arg;
    int64_t count;
    if (!redis_is_answered(request, reply))
        return;
    if (redis_push_number(reply, &count) && count > 0)
        request->member_total = (uint64_t)count;
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
    if (request->limit) {
        redis_member_list_read(bus, request->channel, on_presence, request);
        return;
    }
    char *key = redis_key(bus, request->channel, "n");
    const struct bytes words[] = {BYTES_LITERAL("HLEN"), bytes_of(key)};
    redis_send(bus, words, 2, on_member_count, request);
    free(key);
}

/* A query to every node, until the last one has answered. */
struct survey {
    struct redis_bus *bus;
    struct request *request;
    char *pattern;
    size_t open;
    bool has_failed;
};

static void end_survey(struct survey *survey)
{
    struct request *request = survey->request;
    struct redis_bus *bus = survey->bus;
    bus->in_flight--;
    if (survey->has_failed)
        redis_refuse(bus, request);
    else
        request_finish(request);
    free(survey->pattern);
    free(survey);
}

/* A channel with subscribers on any instance has a subscriber in Redis. */
static void on_channels(void *arg, const struct redisReply *reply)
{
    struct survey *survey = arg;
    struct request *request = survey->request;
    if (!reply || redis_push_error(reply))
        survey->has_failed = true;
    for (size_t i = 0;
         i < redis_push_count(reply) && request->name_count < request->limit;
         i++) {
        struct bytes full;
        char name[CHANNEL_NAME_MAX + 1];
        if (redis_push_bytes(redis_push_element(reply, i), &full) &&
            redis_read_channel(survey->bus, full, name))
            request_add_name(request, bytes_of(name));
    }
    if (!--survey->open)
        end_survey(survey);
}

static void ask_node(void *arg, struct redis_link *commands)
{
    struct survey *survey = arg;
    const struct bytes words[] = {
        BYTES_LITERAL("PUBSUB"),
        bytes_of(redis_is_sharded(survey->bus) ? "SHARDCHANNELS" : "CHANNELS"),
        bytes_of(survey->pattern)};
    survey->open++;
    redis_link_send(commands, words, 3, on_channels, survey);
}

static void send_channels(struct redis_bus *bus, struct request *request)
{
    struct survey *survey = memory_new(1, sizeof *survey);
    survey->bus = bus;
    survey->request = request;
    survey->pattern = redis_key(bus, "*", "c");
    survey->open = 1; /* the end of this function */
    if (bus->cluster)
        redis_cluster_each(bus->cluster, ask_node, survey);
    else
        ask_node(survey, bus->commands);
    if (!--survey->open)
        end_survey(survey);
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
    [REQUEST_SURVEY] = redis_survey,
    [REQUEST_BAN] = redis_ban,
    [REQUEST_UNBAN] = redis_unban,
    [REQUEST_TICKET] = redis_keep_ticket,
    [REQUEST_REDEEM] = redis_redeem,
};

/* Whether the node that has the request's keys serves: those of channels and
 * tickets are anywhere, all others at the home node. */
static bool can_go(struct redis_bus *bus, const struct request *request)
{
    if (!bus->cluster)
        return true;
    bool is_ticket =
        request->kind == REQUEST_TICKET || request->kind == REQUEST_REDEEM;
    bool is_in_channel = request->kind == REQUEST_PUBLISH ||
                         request->kind == REQUEST_HISTORY ||
                         request->kind == REQUEST_PRESENCE;
    char *key = is_in_channel ? redis_key(bus, request->channel, "m")
                : is_ticket   ? redis_ticket_key(bus, request)
                              : redis_name(bus, "instances");
    bool serves = redis_serves_key(bus, bytes_of(key));
    free(key);
    return serves;
}

void redis_pump(struct redis_bus *bus)
{
    /* requests set aside must not be overtaken when their node is available */
    if (bus->stalled && bus->stalled_at != redis_cluster_changes(bus->cluster))
        redis_backlog_resume(bus);
    if (bus->cluster)
        bus->stalled_at = redis_cluster_changes(bus->cluster);
    /* without subscription, direct messages would be lost */
    while (bus->is_serving && bus->is_listening && bus->backlog &&
           bus->in_flight < IN_FLIGHT_MAX) {
        struct request *request = redis_backlog_take(bus);
        if (!can_go(bus, request)) {
            redis_backlog_stall(bus, request);
            continue;
        }
        bus->in_flight++;
        senders[request->kind](bus, request);
    }
}

static void accept_request(struct redis_bus *bus, struct request *request)
{
    request->number = ++bus->last_number;
    if (request->message)
        request->message->time_ms = clock_wall_ms();
    if (redis_writes_would_refuse(bus, request)) {
        redis_refuse_write(bus, request);
        return;
    }
    if (bus->backlog_count >= bus->options->backlog_messages) {
        redis_refuse(bus, request);
        return;
    }
    redis_backlog_add(bus, request);
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
    if (!request->since_ms)
        request->since_ms = clock_steady_ms();
    if (request->kind == REQUEST_SUBSCRIBE)
        redis_channel_subscribe(bus, request);
    else if (request->kind == REQUEST_RECOVER)
        redis_channel_recover(bus, request);
    else if (request->kind == REQUEST_UNSUBSCRIBE)
        redis_channel_unsubscribe(bus, request);
    else if (request->kind == REQUEST_CLIENT)
        tell_of_client(bus, request);
    else
        accept_request(bus, request);
}
