/* `data` is always a string, which usually contains JSON. */
#include "protocols/pusher/pusher_encode.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/memory.h"
#include "protocols/pusher/pusher_name.h"
#include "protocols/pusher/pusher_user.h"
#include "protocols/pusher/pusher_watch.h"

void pusher_encode_payload(struct bytes data, struct buffer *out)
{
    if (json_is_valid(data))
        buffer_append(out, data);
    else
        buffer_append_json_string(out, data);
}

/* Whether the payload is a string that is not JSON itself, so that it needs no
 * second quoting. */
static bool is_plain_text(struct bytes payload)
{
    if (!payload.len || payload.data[0] != '"')
        return false;
    char *text = memory_new(payload.len + 1, 1);
    size_t len;
    bool is_plain = json_decode_string(payload, text, payload.len, &len) &&
                    !json_is_valid((struct bytes){text, len});
    free(text);
    return is_plain;
}

void pusher_encode_data(struct bytes payload, struct buffer *out)
{
    if (is_plain_text(payload))
        buffer_append(out, payload);
    else
        buffer_append_json_string(out, payload);
}

static void append_event(struct buffer *out, struct bytes event)
{
    buffer_append_text(out, "{\"event\":");
    buffer_append_json_string(out, event);
}

static void append_channel(struct buffer *out, const struct message *message)
{
    buffer_append_text(out, ",\"channel\":");
    buffer_append_json_string(out, pusher_name_of(message->channel));
}

/* Client events in presence channels include the user id. */
static void append_user(struct buffer *out, const struct message *message)
{
    struct bytes id = pusher_user_raw_id(message->info);
    if (!id.len || !bytes_start_with(message->event, BYTES_LITERAL("client-")))
        return;
    buffer_append_text(out, ",\"user_id\":");
    buffer_append(out, id);
}

/* Messages of Peal's own clients may have no event. */
static void append_said(struct buffer *out, const struct message *message)
{
    append_event(out, message->event.len ? message->event
                                         : BYTES_LITERAL("message"));
    if (message->channel.len)
        append_channel(out, message);
    buffer_append_text(out, ",\"data\":");
    pusher_encode_data(message->payload, out);
    append_user(out, message);
}

static void encode_said(const struct message *message, struct buffer *out)
{
    append_said(out, message);
    buffer_append_char(out, '}');
}

static void encode_member(const struct message *message, const char *event,
                          struct buffer *out)
{
    bool is_join = message->kind == MESSAGE_JOIN;
    struct buffer data = {0};
    buffer_append_text(&data, "{\"user_id\":");
    pusher_user_append_id(&data, message->from, message->info);
    if (is_join) {
        buffer_append_text(&data, ",\"user_info\":");
        pusher_user_append_info(&data, message->info);
    }
    buffer_append_char(&data, '}');
    append_event(out, bytes_of(event));
    append_channel(out, message);
    buffer_append_text(out, ",\"data\":");
    buffer_append_json_string(out, buffer_bytes(&data));
    buffer_append_char(out, '}');
    buffer_deinit(&data);
}

/* Events of a watched user. */
static void encode_watched(const struct message *message, struct buffer *out)
{
    append_event(out, BYTES_LITERAL("pusher_internal:watchlist_events"));
    buffer_append_text(out, ",\"data\":");
    pusher_watch_append(out, message->kind == MESSAGE_JOIN, message->from);
    buffer_append_char(out, '}');
}

static bool is_of_watched(const struct message *message)
{
    return (message->kind == MESSAGE_JOIN || message->kind == MESSAGE_LEAVE) &&
           pusher_name_watched(pusher_name_of(message->channel)).len;
}

static void encode(const struct message *message, struct buffer *out)
{
    if (is_of_watched(message)) {
        encode_watched(message, out);
        return;
    }
    switch (message->kind) {
    case MESSAGE_PUBLICATION:
    case MESSAGE_DIRECT:
        encode_said(message, out);
        break;
    case MESSAGE_JOIN:
        encode_member(message, "pusher_internal:member_added", out);
        break;
    case MESSAGE_LEAVE:
        encode_member(message, "pusher_internal:member_removed", out);
        break;
    case MESSAGE_GAP: /* clients of this protocol ignore it */
        append_event(out, BYTES_LITERAL("pusher_internal:gap"));
        append_channel(out, message);
        buffer_append_text(out, ",\"data\":\"{}\"}");
        break;
    }
}

const struct encoding pusher_encoding = {
    .number = 1,
    .kind = PAYLOAD_TEXT,
    .encode = encode,
};

static void encode_positioned(const struct message *message, struct buffer *out)
{
    if (message->kind != MESSAGE_PUBLICATION) {
        encode(message, out);
        return;
    }
    append_said(out, message);
    buffer_append_text(out, ",\"offset\":");
    buffer_append_uint(out, message->offset);
    buffer_append_char(out, '}');
}

const struct encoding pusher_encoding_positioned = {
    .number = 2,
    .kind = PAYLOAD_TEXT,
    .encode = encode_positioned,
};
