/* This file handles client messages and their answers; broadcast_encode.c
 * writes messages. ../websocket.md describes the wire format. */
#include "protocols/peal/broadcast.h"

#include <string.h>

#include "base/json.h"
#include "messaging/channel.h"
#include "messaging/names.h"
#include "messaging/operations.h"
#include "messaging/store/idempotency.h"
#include "messaging/subscription.h"
#include "messaging/worker.h"
#include "protocols/peal/broadcast_answer.h"
#include "protocols/peal/broadcast_encode.h"
#include "protocols/peal/broadcast_list.h"
#include "protocols/peal/broadcast_subscribe.h"
#include "protocols/protocols.h"

enum {
    HISTORY_LIMIT = 50, /* default limit of messages */
    TOKEN_BYTES = 8192
};

/* One message from a client: its known members, as raw JSON. */
enum member {
    TYPE,
    ID,
    CHANNEL,
    EVENT,
    PAYLOAD,
    TO,
    TOKEN,
    LIMIT,
    TRACE,
    KEY,
    MEMBERS
};

struct command {
    struct bytes text; /* all of it */
    struct json_slot members[MEMBERS];
    char channel[CHANNEL_NAME_MAX];
    size_t channel_len;
};

static struct bytes raw(const struct command *command, enum member member)
{
    return command->members[member].raw;
}

static struct bytes channel_of(const struct command *command)
{
    return (struct bytes){command->channel, command->channel_len};
}

/* ---- what the client sends ------------------------------------------- */

/* The only channel of a connection, for messages without one. */
static bool only_channel(const struct connection *connection,
                         struct command *command)
{
    const struct channel *only = subscription_only(connection);
    if (!only)
        return false;
    command->channel_len = strlen(only->name);
    memcpy(command->channel, only->name, command->channel_len);
    return true;
}

static enum fault read_channel(const struct connection *connection,
                               struct command *command)
{
    if (!raw(command, CHANNEL).len)
        return only_channel(connection, command) ? FAULT_NONE
                                                 : FAULT_NO_CHANNEL;
    struct bytes name;
    bool ok = channel_name_decode(raw(command, CHANNEL), command->channel,
                                  &name, NULL);
    command->channel_len = name.len;
    return ok ? FAULT_NONE : FAULT_BAD_CHANNEL;
}

/* A payload may be any JSON value; a missing one is null. */
static struct bytes payload_of(const struct command *command)
{
    struct bytes payload = raw(command, PAYLOAD);
    return payload.len ? payload : BYTES_LITERAL("null");
}

/* Reads the message's content for others, and its event into `event`. */
static enum fault read_utterance(const struct command *command,
                                 char event[EVENT_MAX],
                                 struct utterance *utterance)
{
    struct bytes text = raw(command, EVENT);
    *utterance =
        (struct utterance){.payload = payload_of(command),
                           .trace = trace_read_json(raw(command, TRACE))};
    return !text.len || event_decode(text, event, &utterance->event, NULL)
               ? FAULT_NONE
               : FAULT_BAD_EVENT;
}

/* The idempotency key of a message; empty if there is none. */
static bool read_key(const struct command *command,
                     char text[IDEMPOTENCY_KEY_MAX], struct bytes *key)
{
    *key = (struct bytes){text, 0};
    return !raw(command, KEY).len ||
           (json_decode_string(raw(command, KEY), text, IDEMPOTENCY_KEY_MAX,
                               &key->len) &&
            idempotency_key_is_valid(*key));
}

static enum fault on_echo(struct connection *connection,
                          struct command *command)
{
    struct buffer *out = broadcast_begin(connection, "echo");
    broadcast_append_member(out, "payload", payload_of(command));
    broadcast_end(connection, out, raw(command, ID));
    return FAULT_NONE;
}

static enum fault on_broadcast(struct connection *connection,
                               struct command *command)
{
    char event[EVENT_MAX];
    char key[IDEMPOTENCY_KEY_MAX];
    struct utterance utterance;
    enum fault fault = read_channel(connection, command);
    if (fault == FAULT_NONE)
        fault = read_utterance(command, event, &utterance);
    if (fault != FAULT_NONE)
        return fault;
    if (!read_key(command, key, &utterance.key))
        return FAULT_BAD_REQUEST;
    return operation_publish(connection, channel_of(command), &utterance,
                             raw(command, ID));
}

static enum fault on_subscribe(struct connection *connection,
                               struct command *command)
{
    broadcast_subscribe(connection, command->text, raw(command, ID));
    return FAULT_NONE;
}

static enum fault on_unsubscribe(struct connection *connection,
                                 struct command *command)
{
    enum fault fault = read_channel(connection, command);
    if (fault == FAULT_NONE)
        fault = operation_unsubscribe(connection, channel_of(command));
    if (fault == FAULT_NONE)
        broadcast_send_unsubscribed(connection, channel_of(command),
                                    raw(command, ID));
    return fault;
}

static enum fault on_direct(struct connection *connection,
                            struct command *command)
{
    char text[CLIENT_ID_MAX];
    char event[EVENT_MAX];
    struct bytes to;
    struct utterance utterance;
    if (!client_id_decode(raw(command, TO), text, &to, NULL))
        return FAULT_BAD_CLIENT;
    enum fault fault = read_utterance(command, event, &utterance);
    if (fault != FAULT_NONE)
        return fault;
    return operation_direct(connection, to, &utterance, raw(command, ID));
}

/* `limit` is unchanged if the client sends none. */
static enum fault read_limited(const struct connection *connection,
                               struct command *command, uint32_t *limit)
{
    uint64_t number;
    enum fault fault = read_channel(connection, command);
    if (fault != FAULT_NONE || !raw(command, LIMIT).len)
        return fault;
    if (!json_decode_whole(raw(command, LIMIT), &number))
        return FAULT_BAD_REQUEST;
    *limit = number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
    return FAULT_NONE;
}

static enum fault on_presence(struct connection *connection,
                              struct command *command)
{
    uint32_t limit = UINT32_MAX;
    enum fault fault = read_limited(connection, command, &limit);
    if (fault != FAULT_NONE)
        return fault;
    return operation_presence(connection, channel_of(command), limit,
                              raw(command, ID));
}

static enum fault on_history(struct connection *connection,
                             struct command *command)
{
    uint32_t limit = HISTORY_LIMIT;
    enum fault fault = read_limited(connection, command, &limit);
    if (fault != FAULT_NONE)
        return fault;
    return operation_history(connection, channel_of(command), limit,
                             raw(command, ID));
}

static enum fault on_refresh(struct connection *connection,
                             struct command *command)
{
    char token[TOKEN_BYTES];
    size_t len;
    const char *why = NULL;
    if (!json_decode_string(raw(command, TOKEN), token, sizeof token, &len))
        return FAULT_BAD_TOKEN;
    enum fault fault =
        operation_refresh(connection, (struct bytes){token, len}, &why);
    if (fault != FAULT_NONE)
        return fault;
    struct buffer *out = broadcast_begin(connection, "refreshed");
    broadcast_append_number(out, "expires",
                            (uint64_t)connection->identity.expires_seconds);
    broadcast_end(connection, out, raw(command, ID));
    return FAULT_NONE;
}

static enum fault on_ping(struct connection *connection,
                          struct command *command)
{
    broadcast_end(connection, broadcast_begin(connection, "pong"),
                  raw(command, ID));
    return FAULT_NONE;
}

/* Resubscribing may take more messages than the rate allows: see
 * connection_take_opening. */
enum cost { IN_RATE, IN_OPENING };

/* When a command is answered, or that it changes the connection and so makes no
 * sense for a brief one. */
enum answer { AT_ONCE, BY_BUS, NOT_BRIEF };

struct command_type {
    struct bytes name; /* as in the message */
    enum fault (*run)(struct connection *connection, struct command *command);
    enum cost cost;
    enum answer answer;
};

static const struct command_type types[] = {
    {BYTES_LITERAL("broadcast"), on_broadcast, IN_RATE, BY_BUS},
    {BYTES_LITERAL("echo"), on_echo, IN_RATE, AT_ONCE},
    {BYTES_LITERAL("subscribe"), on_subscribe, IN_OPENING, NOT_BRIEF},
    {BYTES_LITERAL("unsubscribe"), on_unsubscribe, IN_RATE, NOT_BRIEF},
    {BYTES_LITERAL("direct"), on_direct, IN_RATE, BY_BUS},
    {BYTES_LITERAL("presence"), on_presence, IN_OPENING, BY_BUS},
    {BYTES_LITERAL("history"), on_history, IN_OPENING, BY_BUS},
    {BYTES_LITERAL("refresh"), on_refresh, IN_RATE, NOT_BRIEF},
    {BYTES_LITERAL("ping"), on_ping, IN_RATE, AT_ONCE},
};

/* NULL for an unknown type. */
static const struct command_type *type_of(const struct command *command)
{
    char text[32];
    struct bytes name = {text, 0};
    if (!json_decode_string(raw(command, TYPE), text, sizeof text, &name.len))
        return NULL;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (bytes_equal(types[i].name, name))
            return &types[i];
    return NULL;
}

/* Whether the connection may continue; `type` may be NULL. */
static bool charge(struct connection *connection,
                   const struct command_type *type)
{
    if (connection->is_brief) /* charged once for all its messages */
        return true;
    if (type && type->cost == IN_OPENING && connection_take_opening(connection))
        return true;
    return connection_charge(connection, 1);
}

/* An id is echoed unchanged: a number or a short string. */
static bool id_is_valid(struct bytes id)
{
    enum { ID_MAX = 64 };
    return !id.len ||
           (id.len <= ID_MAX && id.data[0] != '{' && id.data[0] != '[');
}

static bool has_bad_key(const struct command *command)
{
    char text[IDEMPOTENCY_KEY_MAX];
    struct bytes key;
    return !read_key(command, text, &key);
}

/* Explains what is wrong with a name; NULL for another fault. */
static const char *flaw_of(const struct command *command, enum fault fault,
                           struct error *error)
{
    char text[CHANNEL_NAME_MAX];
    struct bytes name;
    struct error why;
    if (fault == FAULT_BAD_CHANNEL && raw(command, CHANNEL).len &&
        !channel_name_decode(raw(command, CHANNEL), text, &name, &why))
        error_set(error, "channel %.*s", BROADCAST_FLAW_MAX, why.text);
    else if (fault == FAULT_BAD_CLIENT && raw(command, TO).len &&
             !client_id_decode(raw(command, TO), text, &name, &why))
        error_set(error, "to %.*s", BROADCAST_FLAW_MAX, why.text);
    else if (fault == FAULT_BAD_EVENT &&
             !event_decode(raw(command, EVENT), text, &name, &why))
        error_set(error, "event %.*s", BROADCAST_FLAW_MAX, why.text);
    else if (fault == FAULT_BAD_REQUEST && has_bad_key(command))
        error_set(error, "idempotency_key must be 1 to 128 printable ASCII "
                         "characters");
    else
        return NULL;
    return error->text;
}

static enum fault run(struct connection *connection,
                      const struct command_type *type, struct command *command)
{
    enum fault fault = FAULT_UNKNOWN_TYPE;
    const char *why = NULL;
    struct error error;
    if (type && type->answer == NOT_BRIEF && connection->is_brief)
        why = "requires a persistent connection, such as a WebSocket";
    else if (type)
        fault = type->run(connection, command);
    if (fault != FAULT_NONE)
        broadcast_send_error(connection, fault,
                             why ? why : flaw_of(command, fault, &error),
                             channel_of(command), raw(command, ID));
    return fault;
}

/* Not what a command must be. */
static enum fault refuse(struct connection *connection, enum fault fault,
                         const char *why, struct bytes id)
{
    const struct bytes none = {0};
    if (charge(connection, NULL))
        broadcast_send_error(connection, fault, why, none,
                             id_is_valid(id) ? id : none);
    return fault;
}

enum fault broadcast_run(struct connection *connection, struct bytes payload,
                         bool *is_awaited)
{
    struct command command = {.text = payload,
                              .members = {[TYPE] = {.name = "type"},
                                          [ID] = {.name = "id"},
                                          [CHANNEL] = {.name = "channel"},
                                          [EVENT] = {.name = "event"},
                                          [PAYLOAD] = {.name = "payload"},
                                          [TO] = {.name = "to"},
                                          [TOKEN] = {.name = "token"},
                                          [LIMIT] = {.name = "limit"},
                                          [TRACE] = {.name = "traceparent"},
                                          [KEY] = {.name = "idempotency_key"}}};
    const char *why = NULL;
    *is_awaited = false;
    if (!json_scan_object(payload, command.members, MEMBERS, &why)) {
        struct error where;
        json_check_object(payload, &where);
        return refuse(connection, FAULT_BAD_REQUEST, where.text,
                      json_find_scalar(payload, "id"));
    }
    if (!id_is_valid(raw(&command, ID)))
        return refuse(connection, FAULT_BAD_REQUEST,
                      "id must be a number or a string of up to 62 bytes",
                      raw(&command, ID));
    const struct command_type *type = type_of(&command);
    if (!charge(connection, type))
        return FAULT_NONE;
    enum fault fault = run(connection, type, &command);
    *is_awaited = fault == FAULT_NONE && type->answer == BY_BUS;
    return fault;
}

static void on_message(struct connection *connection, struct bytes payload,
                       bool binary)
{
    bool is_awaited; /* whenever it comes */
    if (binary)
        refuse(connection, FAULT_BINARY, NULL, (struct bytes){0});
    else
        broadcast_run(connection, payload, &is_awaited);
}

/* ---- answers of the bus ---------------------------------------------- */

/* What does not fit follows as ordinary messages. */
static void answer_subscribe(struct connection *connection,
                             const struct request *request)
{

    struct buffer *out = broadcast_begin(connection, "subscribed");
    broadcast_append_string(out, "channel", bytes_of(request->channel));
    broadcast_append_position(out, request->position);
    broadcast_append_member(out, "recovered",
                            bytes_of(request->recovered ? "true" : "false"));
    buffer_append_text(out, ",\"messages\":[");
    broadcast_append_messages(out, request);
    buffer_append_char(out, ']');
    broadcast_end(connection, out, request->id);
}

static void answer_publish(struct connection *connection,
                           const struct request *request)
{
    struct buffer *out = broadcast_begin(connection, "broadcastResult");
    broadcast_append_member(out, "payload", request->message->payload);
    broadcast_append_number(out, "listenerCount", request->connections);
    broadcast_append_string(out, "channel", bytes_of(request->channel));
    broadcast_append_number(out, "offset", request->position.offset);
    broadcast_end(connection, out, request->id);
}

/* A direct message is answered only if it has an id, or over HTTP. */
static void answer_direct(struct connection *connection,
                          const struct request *request)
{
    if (!request->id.len && !connection->is_brief)
        return;
    struct buffer *out = broadcast_begin(connection, "directResult");
    broadcast_append_string(out, "to", bytes_of(request->channel));
    broadcast_append_number(out, "connectionCount", request->connections);
    broadcast_end(connection, out, request->id);
}

/* The others have no answer. */
static void (*const answers[REQUEST_KIND_COUNT])(struct connection *,
                                                 const struct request *) = {
    [REQUEST_SUBSCRIBE] = answer_subscribe,
    [REQUEST_PUBLISH] = answer_publish,
    [REQUEST_HISTORY] = broadcast_answer_history,
    [REQUEST_PRESENCE] = broadcast_answer_presence,
    [REQUEST_DIRECT] = answer_direct,
};

void broadcast_on_answer(struct connection *connection,
                         const struct request *request)
{
    bool has_channel = request->kind != REQUEST_DIRECT; /* else a client */
    if (request->fault != FAULT_NONE)
        broadcast_send_error(connection, request->fault, request->why,
                             has_channel ? bytes_of(request->channel)
                                         : (struct bytes){0},
                             request->id);
    else if (answers[request->kind])
        answers[request->kind](connection, request);
    if (request->kind == REQUEST_SUBSCRIBE)
        broadcast_subscribe_follow_up(connection, request);
}

/* ---- opening and the rest --------------------------------------------- */

static void on_open(struct connection *connection, const struct bytes *channels,
                    size_t count)
{
    const struct bytes no_id = {0};
    broadcast_send_hello(connection);
    for (size_t i = 0; i < count; i++) {
        enum fault fault =
            operation_subscribe(connection, channels[i], NULL, no_id);
        if (fault != FAULT_NONE)
            broadcast_send_error(connection, fault, NULL, channels[i], no_id);
    }
}

static void on_unsubscribed(struct connection *connection, struct bytes channel)
{
    broadcast_send_unsubscribed(connection, channel, (struct bytes){0});
}

const struct protocol protocol_broadcast = {
    .name = "broadcast",
    .endpoint = &endpoint_websocket,
    .on_open = on_open,
    .on_message = on_message,
    .charges_itself = true,
    .on_answer = broadcast_on_answer,
    .on_unsubscribed = on_unsubscribed,
    .encoding = &broadcast_encoding,
};
