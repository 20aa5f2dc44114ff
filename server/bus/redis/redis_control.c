/* Requests about one client sent to every instance: a direct message, closing
 * its connections, unsubscribing it, a newer connection elsewhere. They use one
 * pub/sub channel, also for this instance, so that all see the same order;
 * instances not subscribed at that moment miss them. */
#include "bus/redis/redis_control.h"

#include "bus/redis/redis_announce.h"
#include "bus/redis/redis_backlog.h"
#include "bus/redis/redis_bans.h"
#include "bus/redis/redis_clients.h"
#include "bus/redis/redis_envelope.h"
#include "bus/redis/redis_push.h"
#include "bus/redis/redis_surveys.h"
#include "messaging/deliveries.h"
#include "messaging/eviction.h"
#include "messaging/names.h"
#include "messaging/watch/overview.h"

/* Not retried: after a lost answer, a second send could deliver it twice. */
static void on_direct(void *arg, const struct redisReply *reply)
{
    struct request *request = arg;
    struct redis_bus *bus = request->bus_data;
    bus->in_flight--;
    if (!reply || redis_push_error(reply)) {
        redis_refuse(bus, request);
        return;
    }
    request->connections =
        clients_count(bus->instance->clients, request->channel);
    request_finish(request);
}

void redis_direct(struct redis_bus *bus, struct request *request)
{
    const struct envelope envelope = {
        .kind = ENVELOPE_DIRECT,
        .target = bytes_of(request->channel),
        .time_ms = request->message->time_ms,
        .from = request->message->from,
        .event = request->message->event,
        .trace = message_trace(request->message),
        .payload = request->message->payload,
    };
    redis_announce(bus, NULL, &envelope, on_direct, request);
}

/* PUBLISH returns the number of subscribers, that is, instances. Duplicates are
 * harmless here, so it is retried after a lost answer. */
static void on_told(void *arg, const struct redisReply *reply)
{
    struct request *request = arg;
    int64_t instances;
    if (!redis_is_answered(request, reply))
        return;
    if (!redis_push_number(reply, &instances)) {
        redis_refuse(request->bus_data, request);
        return;
    }
    request->instances = (uint32_t)instances;
    request_finish(request);
}

static void tell(struct redis_bus *bus, struct request *request,
                 enum envelope_kind kind, struct bytes what)
{
    const struct envelope envelope = {
        .kind = kind,
        .target = bytes_of(request->client),
        .payload = what,
    };
    request->connections =
        clients_count(bus->instance->clients, request->client);
    redis_announce(bus, NULL, &envelope, on_told, request);
}

void redis_disconnect(struct redis_bus *bus, struct request *request)
{
    const struct envelope envelope = {.kind = ENVELOPE_EVICT,
                                      .from = bytes_of(request->channel),
                                      .payload = request->reason};
    if (request->channel[0]) {
        redis_announce(bus, NULL, &envelope, on_told, request);
        return;
    }
    tell(bus, request, ENVELOPE_DISCONNECT, request->reason);
}

void redis_remove(struct redis_bus *bus, struct request *request)
{
    tell(bus, request, ENVELOPE_REMOVE, bytes_of(request->channel));
}

/* ---- what comes in ------------------------------------------------------ */

static void send_here(struct clients *clients, const char *client,
                      const struct envelope *envelope)
{
    struct message *message =
        redis_envelope_message(envelope, (struct bytes){0});
    deliveries_send(clients, client, message);
    message_unref(message);
}

static bool evict(struct redis_bus *bus, const struct envelope *envelope)
{
    return !bus->instance->overview->is_serving ||
           eviction_of(bus->instance, envelope->from, envelope->payload);
}

static bool act(struct redis_bus *bus, const char *client,
                const struct envelope *envelope)
{
    struct clients *clients = bus->instance->clients;
    switch (envelope->kind) {
    case ENVELOPE_DIRECT:
        send_here(clients, client, envelope);
        return true;
    case ENVELOPE_DISCONNECT:
        clients_close(clients, client, CLOSE_DISCONNECTED, envelope->payload);
        return true;
    case ENVELOPE_REMOVE:
        deliveries_remove(clients, client, envelope->payload);
        return true;
    case ENVELOPE_REPLACE:
        redis_clients_on_claim(bus, client, envelope->from,
                               envelope->position.offset);
        return true;
    case ENVELOPE_BAN:
        redis_bans_read(bus);
        return true;
    case ENVELOPE_EVICT:
        return evict(bus, envelope);
    case ENVELOPE_QUESTION:
        return redis_surveys_on_question(bus, envelope);
    case ENVELOPE_ANSWER:
        return redis_surveys_on_answer(bus, envelope);
    default:
        return false;
    }
}

void redis_control_on_message(struct redis_bus *bus, struct bytes text)
{
    struct envelope envelope;
    char client[CLIENT_ID_MAX + 1] = {0};
    bool ok = redis_envelope_decode(text, &envelope);
    if (ok) { /* a valid name, or as short as an epoch */
        memcpy(client, envelope.target.data, envelope.target.len);
        ok = act(bus, client, &envelope);
    }
    if (!ok)
        metrics_add(&bus->metrics, METRIC_REDIS_MALFORMED, 1);
}
