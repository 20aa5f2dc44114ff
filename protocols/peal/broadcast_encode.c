/* How the broadcast protocol writes messages. */
#include "protocols/peal/broadcast_encode.h"

void broadcast_append_member(struct buffer *out, const char *name,
                             struct bytes value)
{
    buffer_append_text(out, ",\"");
    buffer_append_text(out, name);
    buffer_append_text(out, "\":");
    buffer_append(out, value);
}

void broadcast_append_string(struct buffer *out, const char *name,
                             struct bytes text)
{
    broadcast_append_member(out, name, (struct bytes){0});
    buffer_append_json_string(out, text);
}

void broadcast_append_number(struct buffer *out, const char *name,
                             uint64_t number)
{
    broadcast_append_member(out, name, (struct bytes){0});
    buffer_append_uint(out, number);
}

static void append_trace(struct buffer *out, const struct message *message)
{
    if (message->trace)
        broadcast_append_string(out, "traceparent", message_trace(message));
}

static void append_extras(struct buffer *out, const struct message *message)
{
    if (message->info.len)
        broadcast_append_member(out, "info", message->info);
    if (message->event.len)
        broadcast_append_string(out, "event", message->event);
}

static void encode_publication(const struct message *message,
                               struct buffer *out)
{
    buffer_append_text(out, "{\"type\":\"broadcast\"");
    broadcast_append_string(out, "channel", message->channel);
    if (message->from.len)
        broadcast_append_string(out, "from", message->from);
    append_extras(out, message);
    broadcast_append_member(out, "payload", message->payload);
    broadcast_append_number(out, "offset", message->offset);
    broadcast_append_number(out, "time", (uint64_t)message->time_ms);
    append_trace(out, message);
    buffer_append_char(out, '}');
}

static void encode_direct(const struct message *message, struct buffer *out)
{
    buffer_append_text(out, "{\"type\":\"direct\"");
    if (message->from.len)
        broadcast_append_string(out, "from", message->from);
    append_extras(out, message);
    broadcast_append_member(out, "payload", message->payload);
    append_trace(out, message);
    buffer_append_char(out, '}');
}

static void encode_event(const struct message *message, const char *type,
                         struct buffer *out)
{
    buffer_append_text(out, "{\"type\":\"");
    buffer_append_text(out, type);
    buffer_append_char(out, '"');
    broadcast_append_string(out, "channel", message->channel);
    if (message->from.len)
        broadcast_append_string(out, "client", message->from);
    append_extras(out, message);
    buffer_append_char(out, '}');
}

static void encode(const struct message *message, struct buffer *out)
{
    switch (message->kind) {
    case MESSAGE_PUBLICATION:
        encode_publication(message, out);
        break;
    case MESSAGE_DIRECT:
        encode_direct(message, out);
        break;
    case MESSAGE_JOIN:
        encode_event(message, "join", out);
        break;
    case MESSAGE_LEAVE:
        encode_event(message, "leave", out);
        break;
    case MESSAGE_GAP:
        encode_event(message, "gap", out);
        break;
    }
}

const struct encoding broadcast_encoding = {
    .number = 0,
    .kind = PAYLOAD_TEXT,
    .encode = encode,
};
