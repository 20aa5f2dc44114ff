#include "protocols/peal/broadcast_answer.h"

#include "messaging/connection.h"
#include "messaging/hook.h"
#include "messaging/names.h"
#include "messaging/store/epoch.h"
#include "messaging/worker.h"

const char *broadcast_channel_flaw(struct bytes channel, enum fault fault,
                                   struct error *error)
{
    struct error why;
    if (fault != FAULT_BAD_CHANNEL || !channel.len ||
        channel_name_check(channel, &why))
        return NULL;
    error_set(error, "channel %.*s", BROADCAST_FLAW_MAX, why.text);
    return error->text;
}

void broadcast_append_position(struct buffer *out, struct position position)
{
    char epoch[EPOCH_LEN + 1];
    epoch_encode(position.epoch, epoch);
    broadcast_append_string(out, "epoch", bytes_of(epoch));
    broadcast_append_number(out, "offset", position.offset);
}

struct buffer *broadcast_begin(struct connection *connection, const char *type)
{
    struct buffer *out = connection_reply_begin(connection);
    buffer_append_text(out, "{\"type\":\"");
    buffer_append_text(out, type);
    buffer_append_char(out, '"');
    return out;
}

void broadcast_append_id(struct buffer *out, struct bytes id)
{
    if (id.len)
        broadcast_append_member(out, "id", id);
    buffer_append_char(out, '}');
}

void broadcast_end(struct connection *connection, struct buffer *out,
                   struct bytes id)
{
    broadcast_append_id(out, id);
    connection_reply_end(connection, PAYLOAD_TEXT);
}

static void append_limits(struct buffer *out,
                          const struct messaging_options *options)
{
    const struct limits *limits = &options->limits;
    const struct {
        const char *name;
        uint32_t value;
    } rows[] = {{"messages_per_second", limits->messages_per_second},
                {"burst", limits->messages_per_second},
                {"opening_burst", options_opening_burst(options)},
                {"channels", limits->channels_per_connection}};
    buffer_append_text(out, ",\"limits\":{\"message_bytes\":");
    buffer_append_uint(out, limits->message_bytes);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        broadcast_append_number(out, rows[i].name, rows[i].value);
    buffer_append_char(out, '}');
}

void broadcast_send_hello(struct connection *connection)
{
    enum { PROTOCOL_VERSION = 1 };
    const struct messaging_options *options =
        connection->worker->instance->options;
    if (!connection->wants_hello)
        return;
    struct buffer *out = broadcast_begin(connection, "hello");
    broadcast_append_number(out, "protocol_version", PROTOCOL_VERSION);
    hook_append_connection(out, connection);
    append_limits(out, options);
    broadcast_append_number(out, "ping_seconds", options->ping_seconds);
    broadcast_end(connection, out, (struct bytes){0});
}

struct buffer *broadcast_begin_error(struct connection *connection,
                                     enum fault fault, const char *text)
{
    const struct fault_info *info = fault_info(fault);
    struct buffer *out = broadcast_begin(connection, "error");
    broadcast_append_string(out, "code", bytes_of(info->code));
    broadcast_append_string(out, "message", bytes_of(text ? text : info->text));
    return out;
}

void broadcast_send_error(struct connection *connection, enum fault fault,
                          const char *text, struct bytes channel,
                          struct bytes id)
{
    struct error error;
    const char *why =
        text ? text : broadcast_channel_flaw(channel, fault, &error);
    struct buffer *out = broadcast_begin_error(connection, fault, why);
    if (channel_name_is_valid(channel))
        broadcast_append_string(out, "channel", channel);
    broadcast_end(connection, out, id);
    connection_count_fault(connection, fault);
}

void broadcast_send_unsubscribed(struct connection *connection,
                                 struct bytes channel, struct bytes id)
{
    struct buffer *out = broadcast_begin(connection, "unsubscribed");
    broadcast_append_string(out, "channel", channel);
    broadcast_end(connection, out, id);
}
