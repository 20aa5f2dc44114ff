/* What is said to every instance about one client: a message to it, its
 * connections closed, a channel taken away, a newer connection elsewhere. It
 * goes over one pub/sub channel, to this instance too, so that all see one
 * order; who does not listen at that moment misses it. */
#include <stdlib.h>

#include "bus/redis_bus.h"
#include "bus/redis_envelope.h"
#include "bus/redis_push.h"
#include "messaging/names.h"

void redis_control_subscribe(struct redis_bus *bus)
{
    char *control = redis_name(bus, "control");
    const struct bytes words[] = {BYTES_LITERAL("SUBSCRIBE"),
                                  bytes_of(control)};
    redis_link_push(bus->subscriptions, words, 2);
    free(control);
}

static void publish(struct redis_bus *bus, const struct envelope *envelope,
                    redis_answer *answer, struct request *request)
{
    struct buffer text = {0};
    redis_envelope_encode(envelope, &text);
    char *control = redis_name(bus, "control");
    const struct bytes words[] = {BYTES_LITERAL("PUBLISH"), bytes_of(control),
                                  buffer_bytes(&text)};
    redis_link_send(bus->commands, words, 3, answer, request);
    free(control);
    buffer_deinit(&text);
}

/* Sent twice it would arrive twice: once the answer is lost, nobody knows. */
static void on_direct(void *arg, const struct redisReply *reply)
{
    struct request *request = arg;
    struct redis_bus *bus = request->bus_data;
    bus->in_flight--;
    if (!reply || redis_push_error(reply)) {
        redis_is_passing_error(bus, reply);
        redis_refuse(bus, request);
        return;
    }
    redis_pump(bus);
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
        .trace = message_trace(request->message),
        .payload = request->message->payload,
    };
    publish(bus, &envelope, on_direct, request);
}

/* PUBLISH answers how many listen: each is an instance. What was said twice
 * does no harm here, so a lost answer is asked for again. */
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
    publish(bus, &envelope, on_told, request);
}

void redis_disconnect(struct redis_bus *bus, struct request *request)
{
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
    clients_send(clients, client, message);
    message_unref(message);
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
        clients_remove(clients, client, envelope->payload);
        return true;
    case ENVELOPE_REPLACE:
        redis_clients_on_claim(bus, client, envelope->from,
                               envelope->position.offset);
        return true;
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
