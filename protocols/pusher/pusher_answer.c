#include "protocols/pusher/pusher_answer.h"

#include "messaging/connection.h"

static struct buffer *begin(struct connection *connection, const char *event,
                            struct bytes channel)
{
    struct buffer *out = connection_reply_begin(connection);
    buffer_append_format(out, "{\"event\":\"%s\"", event);
    if (channel.len) {
        buffer_append_text(out, ",\"channel\":");
        buffer_append_json_string(out, channel);
    }
    buffer_append_text(out, ",\"data\":");
    return out;
}

static void end(struct connection *connection, struct buffer *out)
{
    buffer_append_char(out, '}');
    connection_reply_end(connection, PAYLOAD_TEXT);
}

void pusher_answer_event_with(struct connection *connection, const char *event,
                              struct bytes channel, struct bytes data,
                              struct bytes more)
{
    struct buffer *out = begin(connection, event, channel);
    buffer_append_json_string(out, data);
    buffer_append(out, more);
    end(connection, out);
}

void pusher_answer_event(struct connection *connection, const char *event,
                         struct bytes channel, struct bytes data)
{
    pusher_answer_event_with(connection, event, channel, data,
                             (struct bytes){0});
}

void pusher_answer_raw(struct connection *connection, const char *event,
                       struct bytes data)
{
    struct buffer *out = begin(connection, event, (struct bytes){0});
    buffer_append(out, data);
    end(connection, out);
}

void pusher_answer_error(struct connection *connection, int code,
                         const char *message)
{
    struct buffer *out = begin(connection, "pusher:error", (struct bytes){0});
    buffer_append_text(out, "{\"code\":");
    if (code)
        buffer_append_uint(out, (uint64_t)code);
    else
        buffer_append_text(out, "null");
    buffer_append_text(out, ",\"message\":");
    buffer_append_json_string(out, bytes_of(message));
    buffer_append_char(out, '}');
    end(connection, out);
}

void pusher_answer_refusal(struct connection *connection, struct bytes channel,
                           const char *type, const char *why, int status)
{
    struct buffer *out =
        begin(connection, "pusher:subscription_error", channel);
    buffer_append_format(out, "{\"type\":\"%s\",\"error\":", type);
    buffer_append_json_string(out, bytes_of(why));
    buffer_append_format(out, ",\"status\":%d}", status);
    end(connection, out);
}
