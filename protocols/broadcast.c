/* broadcast: channels, history, presence and direct messages as JSON text.
 * README.md has the wire format; this file has what clients send and what
 * they are answered, broadcast_encode.c how messages are written. */
#include <string.h>

#include "base/json.h"
#include "messaging/channel.h"
#include "messaging/epoch.h"
#include "messaging/names.h"
#include "messaging/operations.h"
#include "messaging/worker.h"
#include "protocols/broadcast_encode.h"
#include "protocols/protocols.h"

enum {
    HISTORY_LIMIT = 50, /* messages, when the client names no limit */
    TOKEN_BYTES = 8192
};

/* One message from a client: the members it may have, as raw JSON. */
enum member {
    TYPE,
    ID,
    CHANNEL,
    PAYLOAD,
    SINCE,
    TO,
    TOKEN,
    LIMIT,
    TRACE,
    MEMBERS
};

struct command {
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

/* ---- what is sent to the client -------------------------------------- */

static void append_position(struct buffer *out, struct position position)
{
    char epoch[EPOCH_LEN + 1];
    epoch_encode(position.epoch, epoch);
    broadcast_append_string(out, "epoch", bytes_of(epoch));
    broadcast_append_number(out, "offset", position.offset);
}

static void append_id(struct buffer *out, struct bytes id)
{
    if (id.len)
        broadcast_append_member(out, "id", id);
}

static void append_messages(struct buffer *out, const struct request *request)
{
    buffer_append_text(out, ",\"messages\":[");
    for (size_t i = 0; i < request->message_count; i++) {
        if (i)
            buffer_append_char(out, ',');
        buffer_append(out,
                      frame_payload(message_frame(request->messages[i],
                                                  protocol_broadcast.encoding,
                                                  protocol_broadcast.encode)));
    }
    buffer_append_char(out, ']');
}

/* Every answer opens with its type and ends with the id it answers. */
static struct buffer *begin(struct connection *connection, const char *type)
{
    struct buffer *out = connection_reply_begin(connection);
    buffer_append_text(out, "{\"type\":\"");
    buffer_append_text(out, type);
    buffer_append_char(out, '"');
    return out;
}

static void end(struct connection *connection, struct buffer *out,
                struct bytes id)
{
    append_id(out, id);
    buffer_append_char(out, '}');
    connection_reply_end(connection, FRAME_TEXT);
}

static void send_error(struct connection *connection, enum fault fault,
                       const char *text, struct bytes id)
{
    const struct fault_info *info = fault_info(fault);
    struct buffer *out = begin(connection, "error");
    broadcast_append_string(out, "code", bytes_of(info->code));
    broadcast_append_string(out, "message", bytes_of(text ? text : info->text));
    end(connection, out, id);
    connection_count_fault(connection, fault);
}

/* ---- what the client sends ------------------------------------------- */

/* The one channel of a connection that names none. */
static bool only_channel(const struct connection *connection,
                         struct command *command)
{
    if (connection->subscription_count != 1)
        return false;
    const char *name = connection->subscriptions[0].channel->name;
    command->channel_len = strlen(name);
    memcpy(command->channel, name, command->channel_len);
    return true;
}

static enum fault read_channel(const struct connection *connection,
                               struct command *command)
{
    if (!raw(command, CHANNEL).len)
        return only_channel(connection, command) ? FAULT_NONE
                                                 : FAULT_NO_CHANNEL;
    bool ok =
        json_decode_string(raw(command, CHANNEL), command->channel,
                           sizeof command->channel, &command->channel_len) &&
        channel_name_is_valid(channel_of(command));
    return ok ? FAULT_NONE : FAULT_BAD_CHANNEL;
}

/* A payload may be any JSON value, and null when it is left out. */
static struct bytes payload_of(const struct command *command)
{
    struct bytes payload = raw(command, PAYLOAD);
    return payload.len ? payload : BYTES_LITERAL("null");
}

static struct bytes trace_of(const struct command *command)
{
    return trace_read_json(raw(command, TRACE));
}

static bool read_epoch(struct bytes text, uint64_t *epoch)
{
    char digits[EPOCH_LEN];
    size_t len;
    return json_decode_string(text, digits, sizeof digits, &len) &&
           epoch_decode((struct bytes){digits, len}, epoch);
}

static bool read_since(struct bytes text, struct position *since)
{
    struct json_slot slots[] = {{"epoch", {0}}, {"offset", {0}}};
    const char *why;
    /* an epoch of another shape is one this server never gave: no position
     * to recover from, but no mistake of the client's either */
    if (!json_scan_object(text, slots, 2, &why) || !slots[0].raw.len ||
        slots[0].raw.data[0] != '"' ||
        !json_decode_uint(slots[1].raw, &since->offset))
        return false;
    if (!read_epoch(slots[0].raw, &since->epoch))
        *since = (struct position){0};
    return true;
}

static enum fault on_echo(struct connection *connection,
                          struct command *command)
{
    struct buffer *out = begin(connection, "echo");
    broadcast_append_member(out, "payload", payload_of(command));
    end(connection, out, raw(command, ID));
    return FAULT_NONE;
}

static enum fault on_broadcast(struct connection *connection,
                               struct command *command)
{
    enum fault fault = read_channel(connection, command);
    if (fault != FAULT_NONE)
        return fault;
    return operation_publish(connection, channel_of(command),
                             payload_of(command), trace_of(command),
                             raw(command, ID));
}

static enum fault on_subscribe(struct connection *connection,
                               struct command *command)
{
    struct position since;
    enum fault fault = raw(command, CHANNEL).len
                           ? read_channel(connection, command)
                           : FAULT_BAD_CHANNEL;
    if (fault != FAULT_NONE)
        return fault;
    bool recover = raw(command, SINCE).len > 0;
    if (recover && !read_since(raw(command, SINCE), &since))
        return FAULT_BAD_SINCE;
    return operation_subscribe(connection, channel_of(command),
                               recover ? &since : NULL, raw(command, ID));
}

static void send_unsubscribed(struct connection *connection,
                              struct bytes channel, struct bytes id)
{
    struct buffer *out = begin(connection, "unsubscribed");
    broadcast_append_string(out, "channel", channel);
    end(connection, out, id);
}

static enum fault on_unsubscribe(struct connection *connection,
                                 struct command *command)
{
    enum fault fault = read_channel(connection, command);
    if (fault == FAULT_NONE)
        fault = operation_unsubscribe(connection, channel_of(command));
    if (fault == FAULT_NONE)
        send_unsubscribed(connection, channel_of(command), raw(command, ID));
    return fault;
}

static enum fault on_direct(struct connection *connection,
                            struct command *command)
{
    char to[CLIENT_ID_MAX];
    size_t len;
    if (!json_decode_string(raw(command, TO), to, sizeof to, &len))
        return FAULT_BAD_CLIENT;
    return operation_direct(connection, (struct bytes){to, len},
                            payload_of(command), trace_of(command),
                            raw(command, ID));
}

static enum fault on_presence(struct connection *connection,
                              struct command *command)
{
    enum fault fault = read_channel(connection, command);
    if (fault != FAULT_NONE)
        return fault;
    return operation_presence(connection, channel_of(command),
                              raw(command, ID));
}

static enum fault on_history(struct connection *connection,
                             struct command *command)
{
    uint64_t limit = HISTORY_LIMIT;
    enum fault fault = read_channel(connection, command);
    if (fault != FAULT_NONE)
        return fault;
    if (raw(command, LIMIT).len &&
        !json_decode_uint(raw(command, LIMIT), &limit))
        return FAULT_BAD_REQUEST;
    return operation_history(connection, channel_of(command),
                             limit < UINT32_MAX ? (uint32_t)limit : UINT32_MAX,
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
    struct buffer *out = begin(connection, "refreshed");
    broadcast_append_number(out, "expires",
                            (uint64_t)connection->identity.expires_seconds);
    end(connection, out, raw(command, ID));
    return FAULT_NONE;
}

static enum fault on_ping(struct connection *connection,
                          struct command *command)
{
    end(connection, begin(connection, "pong"), raw(command, ID));
    return FAULT_NONE;
}

static const struct {
    struct bytes type; /* as it stands in the message */
    enum fault (*run)(struct connection *connection, struct command *command);
} commands[] = {
    {BYTES_LITERAL("broadcast"), on_broadcast},
    {BYTES_LITERAL("echo"), on_echo},
    {BYTES_LITERAL("subscribe"), on_subscribe},
    {BYTES_LITERAL("unsubscribe"), on_unsubscribe},
    {BYTES_LITERAL("direct"), on_direct},
    {BYTES_LITERAL("presence"), on_presence},
    {BYTES_LITERAL("history"), on_history},
    {BYTES_LITERAL("refresh"), on_refresh},
    {BYTES_LITERAL("ping"), on_ping},
};

static enum fault run_command(struct connection *connection,
                              struct command *command)
{
    char text[32];
    struct bytes type = {text, 0};
    if (!json_decode_string(raw(command, TYPE), text, sizeof text, &type.len))
        return FAULT_UNKNOWN_TYPE;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (bytes_equal(commands[i].type, type))
            return commands[i].run(connection, command);
    return FAULT_UNKNOWN_TYPE;
}

/* An id is given back as it is: a number or a short string, no more. */
static bool id_is_valid(struct bytes id)
{
    enum { ID_MAX = 64 };
    return !id.len ||
           (id.len <= ID_MAX && id.data[0] != '{' && id.data[0] != '[');
}

static void on_message(struct connection *connection, struct bytes payload,
                       bool binary)
{
    struct command command = {.members = {[TYPE] = {"type", {0}},
                                          [ID] = {"id", {0}},
                                          [CHANNEL] = {"channel", {0}},
                                          [PAYLOAD] = {"payload", {0}},
                                          [SINCE] = {"since", {0}},
                                          [TO] = {"to", {0}},
                                          [TOKEN] = {"token", {0}},
                                          [LIMIT] = {"limit", {0}},
                                          [TRACE] = {"traceparent", {0}}}};
    const char *why = NULL;
    const struct bytes no_id = {0};
    if (binary) {
        send_error(connection, FAULT_BINARY, NULL, no_id);
        return;
    }
    if (!json_scan_object(payload, command.members, MEMBERS, &why)) {
        send_error(connection, FAULT_BAD_REQUEST, why, no_id);
        return;
    }
    if (!id_is_valid(raw(&command, ID))) {
        send_error(connection, FAULT_BAD_REQUEST,
                   "id must be a number or a string of up to 62 bytes", no_id);
        return;
    }
    enum fault fault = run_command(connection, &command);
    if (fault != FAULT_NONE)
        send_error(connection, fault, NULL, raw(&command, ID));
}

/* ---- answers of the bus ---------------------------------------------- */

static void on_answer(struct connection *connection,
                      const struct request *request);

static void answer_subscribe(struct connection *connection,
                             const struct request *request)
{
    struct buffer *out = begin(connection, "subscribed");
    broadcast_append_string(out, "channel", bytes_of(request->channel));
    append_position(out, request->position);
    broadcast_append_member(out, "recovered",
                            bytes_of(request->recovered ? "true" : "false"));
    append_messages(out, request);
    end(connection, out, request->id);
}

static void answer_publish(struct connection *connection,
                           const struct request *request)
{
    struct buffer *out = begin(connection, "broadcastResult");
    broadcast_append_member(out, "payload", request->message->payload);
    broadcast_append_number(out, "listenerCount", request->connections);
    broadcast_append_string(out, "channel", bytes_of(request->channel));
    broadcast_append_number(out, "offset", request->position.offset);
    end(connection, out, request->id);
}

static void answer_history(struct connection *connection,
                           const struct request *request)
{
    struct buffer *out = begin(connection, "history");
    broadcast_append_string(out, "channel", bytes_of(request->channel));
    append_position(out, request->position);
    append_messages(out, request);
    end(connection, out, request->id);
}

static void answer_presence(struct connection *connection,
                            const struct request *request)
{
    struct buffer *out = begin(connection, "presence");
    broadcast_append_string(out, "channel", bytes_of(request->channel));
    buffer_append_text(out, ",\"clients\":[");
    for (size_t i = 0; i < request->member_count; i++) {
        const struct member_count *member = &request->members[i];
        buffer_append_text(out, i ? ",{\"client\":" : "{\"client\":");
        buffer_append_json_string(out, bytes_of(member->client));
        broadcast_append_number(out, "connections", member->connections);
        buffer_append_char(out, '}');
    }
    buffer_append_char(out, ']');
    end(connection, out, request->id);
}

/* Only who gave an id wants to hear what became of a direct message. */
static void answer_direct(struct connection *connection,
                          const struct request *request)
{
    if (!request->id.len)
        return;
    struct buffer *out = begin(connection, "directResult");
    broadcast_append_string(out, "to", bytes_of(request->channel));
    broadcast_append_number(out, "connectionCount", request->connections);
    end(connection, out, request->id);
}

static void (*const answers[REQUEST_KIND_COUNT])(struct connection *,
                                                 const struct request *) = {
    [REQUEST_SUBSCRIBE] = answer_subscribe,
    [REQUEST_PUBLISH] = answer_publish,
    [REQUEST_HISTORY] = answer_history,
    [REQUEST_PRESENCE] = answer_presence,
    [REQUEST_DIRECT] = answer_direct,
};

static void on_answer(struct connection *connection,
                      const struct request *request)
{
    if (request->fault == FAULT_NONE)
        answers[request->kind](connection, request);
    else
        send_error(connection, request->fault, request->why, request->id);
}

/* ---- opening and the rest --------------------------------------------- */

static void on_open(struct connection *connection, const struct bytes *channels,
                    size_t count)
{
    const struct bytes no_id = {0};
    for (size_t i = 0; i < count; i++) {
        enum fault fault =
            operation_subscribe(connection, channels[i], NULL, no_id);
        if (fault != FAULT_NONE)
            send_error(connection, fault, NULL, no_id);
    }
}

static void on_unsubscribed(struct connection *connection, struct bytes channel)
{
    send_unsubscribed(connection, channel, (struct bytes){0});
}

const struct protocol protocol_broadcast = {
    .name = "broadcast",
    .on_open = on_open,
    .on_message = on_message,
    .on_answer = on_answer,
    .on_unsubscribed = on_unsubscribed,
    .encode = broadcast_encode,
    .encoding = 0,
};
