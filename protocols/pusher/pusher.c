/* Pusher's protocol, version 7: ../pusher.md describes the wire format. Each
 * client message is an event. A channel is stored in Peal under its name with
 * the app's prefix. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "messaging/channel.h"
#include "messaging/hook.h"
#include "messaging/operations.h"
#include "messaging/subscription.h"
#include "messaging/verdict.h"
#include "messaging/worker.h"
#include "protocols/protocols.h"
#include "protocols/pusher/pusher_answer.h"
#include "protocols/pusher/pusher_api.h"
#include "protocols/pusher/pusher_apps.h"
#include "protocols/pusher/pusher_cache.h"
#include "protocols/pusher/pusher_client.h"
#include "protocols/pusher/pusher_counts.h"
#include "protocols/pusher/pusher_encode.h"
#include "protocols/pusher/pusher_name.h"
#include "protocols/pusher/pusher_signin.h"
#include "protocols/pusher/pusher_subscribe.h"
#include "protocols/pusher/pusher_watch.h"
#include "protocols/pusher/pusher_webhook.h"

/* ---- the handshake ------------------------------------------------------- */

/* App ids are not empty, so these ids belong to no app's client. */
#define REFUSED PUSHER_PREFIX ":"

static const struct {
    int code;
    enum close_reason reason;
    const char *text;
} refusals[] = {
    {PUSHER_UNKNOWN_APP, CLOSE_TOKEN_INVALID,
     "Application does not exist: check the key"},
    {PUSHER_OVER_QUOTA, CLOSE_TOO_MANY_CONNECTIONS,
     "The application has too many connections"},
    {PUSHER_UNAUTHORIZED, CLOSE_FORBIDDEN,
     "The application does not allow this origin"},
    {PUSHER_NO_APP, CLOSE_TOKEN_INVALID,
     "The path contains no application key"},
    {PUSHER_BAD_VERSION, CLOSE_BAD_MESSAGES, "Invalid protocol version"},
    {PUSHER_OTHER_VERSION, CLOSE_BAD_MESSAGES,
     "Unsupported protocol version: 5, 6 and 7 are supported"},
    {PUSHER_NO_VERSION, CLOSE_BAD_MESSAGES, "No protocol version supplied"},
};

static int judge_version(struct bytes version)
{
    uint64_t number;
    if (!version.len)
        return PUSHER_NO_VERSION;
    if (!json_decode_uint(version, &number))
        return PUSHER_BAD_VERSION;
    return number >= 5 && number <= 7 ? 0 : PUSHER_OTHER_VERSION;
}

/* Pusher reports refusals by a message and a close code, so every client is
 * accepted first. */
static bool read_handshake(const struct handshake *handshake, struct bytes key,
                           struct verdict *verdict)
{
    if (!pusher_apps_exist())
        return verdict_refuse(verdict, REFUSAL_PATH, NULL);
    struct pusher_app *app = pusher_app_of_key(key);
    int code = !key.len ? PUSHER_NO_APP
               : !app   ? PUSHER_UNKNOWN_APP
                        : judge_version(handshake->query_protocol);
    verdict->is_origin_judged = app && app->origins.count;
    if (verdict->is_origin_judged &&
        !pusher_app_has_origin(app, handshake->origin))
        code = PUSHER_UNAUTHORIZED;
    uint64_t socket = random_uint64();
    char prefix[PUSHER_PREFIX_MAX + 1];
    if (code)
        snprintf(prefix, sizeof prefix, REFUSED "%d:", code);
    else
        snprintf(prefix, sizeof prefix, "%s", app->prefix);
    snprintf(verdict->client_id, sizeof verdict->client_id, "%s%u.%u", prefix,
             (unsigned)(socket >> 32), (unsigned)socket);
    verdict->protocol = &protocol_pusher;
    verdict->identity.caps = code ? caps_nothing() : caps_ref(app->caps);
    pusher_app_unref(app);
    return true;
}

static const struct endpoint endpoint_pusher = {
    .pattern = "/app/*",
    .kind = ENDPOINT_WEBSOCKET,
    .read = read_handshake,
};

/* ---- the connection ------------------------------------------------------ */

static void refuse(struct connection *connection, int code)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        if (refusals[i].code != code)
            continue;
        pusher_answer_error(connection, code, refusals[i].text);
        connection_close_with(connection, refusals[i].reason, code,
                              bytes_of(refusals[i].text));
    }
}

static void on_open(struct connection *connection, const struct bytes *channels,
                    size_t count)
{
    enum { ACTIVITY_SECONDS = 120 };
    char data[80];
    const char *client = connection_client_id(connection);
    (void)channels;
    (void)count;
    if (bytes_start_with(bytes_of(client), BYTES_LITERAL(REFUSED))) {
        refuse(connection, atoi(client + strlen(REFUSED)));
        return;
    }
    struct pusher_app *app = pusher_app_of_channel(bytes_of(client));
    if (!app) { /* removed by a reload */
        refuse(connection, PUSHER_UNKNOWN_APP);
        return;
    }
    if (!pusher_app_enter(app)) {
        pusher_app_unref(app);
        metrics_add(&connection->worker->metrics, METRIC_LIMIT_APP, 1);
        refuse(connection, PUSHER_OVER_QUOTA);
        return;
    }
    pusher_client_begin(connection, app);
    snprintf(data, sizeof data,
             "{\"socket_id\":\"%s\",\"activity_timeout\":%d}",
             pusher_client_socket(connection), ACTIVITY_SECONDS);
    pusher_answer_event(connection, "pusher:connection_established",
                        (struct bytes){0}, bytes_of(data));
}

/* ---- events of clients --------------------------------------------------- */

/* One message from a client. */
struct said {
    char event_text[EVENT_TEXT_MAX];
    struct bytes event;
    struct bytes channel; /* raw JSON */
    struct bytes data;    /* raw JSON */
};

static bool is_member(struct connection *connection, struct bytes full)
{
    const struct channel *channel = channel_find(connection->worker, full);
    const struct subscription *subscription =
        channel ? subscription_find(connection, channel) : NULL;
    return subscription && !subscription->is_pending;
}

/* Why the client may not send an event to the channel, or NULL. */
static const char *judge_event(struct connection *connection,
                               const struct said *said, struct bytes name,
                               struct bytes full)
{
    struct pusher_client *client = pusher_client_of(connection);
    if (!client->app->client_events)
        return "Client events are not enabled for this application";
    if (!pusher_name_is_private(name) || pusher_name_is_encrypted(name))
        return "Client events are allowed only on private and presence "
               "channels";
    if (said->data.len > client->app->event_bytes)
        return "The data of the event exceeds the limit";
    if (!is_member(connection, full))
        return "Not subscribed to the channel";
    if (!token_bucket_take(&pusher_client_extra(client)->events,
                           client->app->client_events_per_second,
                           clock_steady_ms()))
        return "Too many client events";
    return NULL;
}

static void tell_webhook(struct connection *connection,
                         const struct utterance *utterance, struct bytes full)
{
    struct hooks *hooks = connection->worker->instance->hooks;
    const struct pusher_app *app = pusher_client_of(connection)->app;
    const struct pusher_member *member = pusher_client_find(connection, full);
    struct buffer more = {0};
    if (!pusher_webhook_wants(hooks, app, PUSHER_CLIENT_EVENT))
        return;
    hook_append_text(&more, "event", utterance->event);
    buffer_append_text(&more, ",\"data\":");
    pusher_encode_data(utterance->payload, &more);
    hook_append_text(&more, "socket_id",
                     bytes_of(pusher_client_socket(connection)));
    if (member)
        hook_append_text(&more, "user_id", bytes_of(member->user.id));
    pusher_webhook_tell(hooks, app, PUSHER_CLIENT_EVENT, full,
                        buffer_bytes(&more));
    buffer_deinit(&more);
}

/* A string stays a string with the same content. */
static void send_event(struct connection *connection, const struct said *said,
                       struct bytes full)
{
    struct buffer payload = {0};
    const struct pusher_member *member = pusher_client_find(connection, full);
    if (said->data.len && said->data.data[0] == '"') {
        struct buffer text = {0};
        size_t len = 0;
        char *at = buffer_reserve(&text, said->data.len);
        json_decode_string(said->data, at, said->data.len, &len);
        pusher_encode_payload((struct bytes){at, len}, &payload);
        buffer_deinit(&text);
    } else {
        buffer_append(&payload,
                      said->data.len ? said->data : BYTES_LITERAL("null"));
    }
    const struct utterance utterance = {
        .payload = buffer_bytes(&payload),
        .event = said->event,
        .info = member ? bytes_of(member->user.info) : (struct bytes){0},
    };
    enum fault fault =
        operation_publish(connection, full, &utterance, (struct bytes){0});
    if (fault != FAULT_NONE)
        pusher_answer_error(connection, PUSHER_EVENT_REFUSED,
                            fault_info(fault)->text);
    else
        tell_webhook(connection, &utterance, full);
    buffer_deinit(&payload);
}

static void on_client_event(struct connection *connection,
                            const struct said *said)
{
    char name_text[CHANNEL_NAME_MAX];
    char full_text[CHANNEL_NAME_MAX];
    struct bytes name = {name_text, 0};
    struct bytes full;
    const char *why = "Invalid channel or event";
    if (event_text_is_valid(said->event) &&
        json_decode_string(said->channel, name_text, sizeof name_text,
                           &name.len) &&
        pusher_name_is_valid(name) &&
        pusher_client_channel(connection, name, full_text, &full))
        why = judge_event(connection, said, name, full);
    if (why)
        pusher_answer_error(connection, PUSHER_EVENT_REFUSED, why);
    else
        send_event(connection, said, full);
}

/* ---- what the client says ------------------------------------------------ */

static void on_ping(struct connection *connection, struct bytes data)
{
    (void)data;
    pusher_answer_event(connection, "pusher:pong", (struct bytes){0},
                        BYTES_LITERAL("{}"));
}

static void on_pong(struct connection *connection, struct bytes data)
{
    (void)connection,
        (void)data; /* any frame proves that the client is alive */
}

static const struct {
    struct bytes event;
    void (*run)(struct connection *connection, struct bytes data);
} events[] = {
    {BYTES_LITERAL("pusher:ping"), on_ping},
    {BYTES_LITERAL("pusher:pong"), on_pong},
    {BYTES_LITERAL("pusher:subscribe"), pusher_subscribe},
    {BYTES_LITERAL("pusher:unsubscribe"), pusher_unsubscribe},
    {BYTES_LITERAL("pusher:signin"), pusher_signin},
};

/* Some clients send the data of Pusher's own events as a string. */
static void run(struct connection *connection, struct bytes data,
                void (*event)(struct connection *connection, struct bytes data))
{
    struct buffer text = {0};
    size_t len = 0;
    if (data.len && data.data[0] == '"') {
        char *at = buffer_reserve(&text, data.len);
        json_decode_string(data, at, data.len, &len);
        data = (struct bytes){at, len};
    }
    event(connection, data);
    buffer_deinit(&text);
}

static void act(struct connection *connection, const struct said *said)
{
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        if (!bytes_equal(said->event, events[i].event))
            continue;
        run(connection, said->data, events[i].run);
        return;
    }
    if (bytes_start_with(said->event, BYTES_LITERAL("client-")))
        on_client_event(connection, said);
    else
        pusher_answer_error(connection, PUSHER_NO_CODE, "Unknown event");
}

static void on_message(struct connection *connection, struct bytes payload,
                       bool binary)
{
    struct json_slot slots[] = {
        {.name = "event"}, {.name = "channel"}, {.name = "data"}};
    struct said said;
    const char *why;
    if (!pusher_client_of(connection))
        return;
    said.event = (struct bytes){said.event_text, 0};
    if (binary || !json_scan_object(payload, slots, 3, &why) ||
        !json_decode_string(slots[0].raw, said.event_text,
                            sizeof said.event_text, &said.event.len)) {
        pusher_answer_error(connection, PUSHER_NO_CODE, "Invalid message");
        connection_count_fault(connection, FAULT_BAD_REQUEST);
        return;
    }
    said.channel = slots[1].raw;
    said.data = slots[2].raw;
    act(connection, &said);
}

/* ---- what comes back ----------------------------------------------------- */

static void on_watched(struct connection *connection,
                       const struct request *request)
{
    if (request->kind == REQUEST_SUBSCRIBE)
        pusher_watch_on_subscribed(connection, request);
    else if (request->kind == REQUEST_PRESENCE)
        pusher_watch_on_presence(connection, request);
}

static void on_answer(struct connection *connection,
                      const struct request *request)
{
    struct bytes name = pusher_name_of(bytes_of(request->channel));
    if (pusher_name_watched(name).len)
        on_watched(connection, request);
    else if (request->kind == REQUEST_SUBSCRIBE)
        pusher_on_subscribed(connection, request);
    else if (request->kind == REQUEST_PRESENCE)
        pusher_on_presence(connection, request);
    else if (request->kind == REQUEST_HISTORY)
        pusher_cache_on_history(connection, request);
    else if (request->fault != FAULT_NONE)
        pusher_answer_error(connection, PUSHER_EVENT_REFUSED,
                            request->why ? request->why
                                         : fault_info(request->fault)->text);
}

static void on_unsubscribed(struct connection *connection, struct bytes channel)
{
    enum { REMOVED = 403 };
    if (pusher_name_watched(pusher_name_of(channel)).len)
        return;
    pusher_client_drop(connection, channel);
    pusher_cache_drop(connection, channel);
    pusher_answer_refusal(connection, pusher_name_of(channel), "AuthError",
                          "Unsubscribed by the server", REMOVED);
}

/* The user is a member of its own channel, but not of watched users'. */
static const char *watcher(const struct connection *connection,
                           struct bytes channel, struct bytes *info)
{
    *info = (struct bytes){0};
    return pusher_watch_is_own(connection, channel)
               ? pusher_client_user_id(connection)
               : "";
}

static const char *member(const struct connection *connection,
                          struct bytes channel, struct bytes *info)
{
    const struct pusher_member *known = pusher_client_find(connection, channel);
    if (pusher_name_watched(pusher_name_of(channel)).len)
        return watcher(connection, channel, info);
    *info = known ? bytes_of(known->user.info) : (struct bytes){0};
    return known ? known->user.id : connection_client_id(connection);
}

/* A connection skips changes until it has the list, and its own. */
static bool skips_change(const struct connection *connection,
                         const struct message *message)
{
    const struct pusher_member *known =
        pusher_client_find(connection, message->channel);
    return known && (!known->has_list ||
                     bytes_equal(message->from, bytes_of(known->user.id)));
}

/* Its own events, and changes that it knows. */
static bool skips(const struct connection *connection,
                  const struct message *message)
{
    const struct pusher_client *client = pusher_client_of(connection);
    switch (message->kind) {
    case MESSAGE_PUBLICATION:
        return bytes_equal(message->from,
                           bytes_of(connection_client_id(connection))) ||
               (client && client->extra && client->extra->former &&
                bytes_equal(message->from, bytes_of(client->extra->former)));
    case MESSAGE_JOIN:
    case MESSAGE_LEAVE:
        return skips_change(connection, message) ||
               pusher_watch_is_own(connection, message->channel);
    default:
        return false;
    }
}

/* 41xx: reconnect after a second, 42xx: immediately, 40xx: never. Clients that
 * would be refused again must not reconnect immediately, and a stopping server
 * refuses them. */
static int close_code(enum close_reason reason)
{
    switch (reason) {
    case CLOSE_TOKEN_INVALID:
        return PUSHER_UNKNOWN_APP;
    case CLOSE_RESTART:
    case CLOSE_TOO_SLOW:
    case CLOSE_RATE_LIMIT:
    case CLOSE_TOO_MANY_CONNECTIONS:
        return 4100;
    case CLOSE_MAX_AGE:
        return 4200;
    case CLOSE_NO_PONG:
        return 4201;
    case CLOSE_BAD_MESSAGES:
    case CLOSE_TOKEN_MISSING:
    case CLOSE_TOKEN_EXPIRED:
    case CLOSE_FORBIDDEN:
    case CLOSE_DISCONNECTED:
    case CLOSE_BANNED:
    case CLOSE_REPLACED:
        return PUSHER_UNAUTHORIZED;
    default:
        return close_reason_info(reason)->code;
    }
}

static void on_close(struct connection *connection)
{
    pusher_cache_end(connection);
    pusher_client_end(connection);
}

const struct protocol protocol_pusher = {
    .name = "pusher",
    .endpoint = &endpoint_pusher,
    .on_open = on_open,
    .on_close = on_close,
    .on_message = on_message,
    .on_answer = on_answer,
    .on_unsubscribed = on_unsubscribed,
    .member = member,
    .user = pusher_client_user,
    .skips = skips,
    .tick = pusher_counts_tick,
    .close_code = close_code,
    .routes = pusher_api_routes,
    .encoding = &pusher_encoding,
    .positioned = &pusher_encoding_positioned,
};
