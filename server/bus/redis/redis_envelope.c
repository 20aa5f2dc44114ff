#include "bus/redis/redis_envelope.h"

#include "base/json.h"
#include "bus/redis/redis_client_name.h"
#include "messaging/close_reason.h"
#include "messaging/info.h"
#include "messaging/names.h"
#include "messaging/store/epoch.h"

/* The text before the next bar; `text` moves after it. */
static bool take_field(struct bytes *text, struct bytes *field)
{
    const char *bar = text->len ? memchr(text->data, '|', text->len) : NULL;
    if (!bar)
        return false;
    *field = (struct bytes){text->data, (size_t)(bar - text->data)};
    *text = bytes_skip(*text, field->len + 1);
    return true;
}

static bool read_event(struct envelope *envelope, struct bytes value)
{
    envelope->event = value;
    if (redis_client_name_is_plain(value))
        return event_text_is_valid(value);
    bool is_read = redis_text_read(value, EVENT_TEXT_MAX, envelope->event_text);
    envelope->event = bytes_of(envelope->event_text);
    return is_read && event_text_is_valid(envelope->event);
}

/* The value is its length within the payload. */
static bool read_info(struct envelope *envelope, struct bytes value)
{
    uint64_t len;
    if (!json_decode_uint(value, &len) || !len || len > envelope->payload.len)
        return false;
    envelope->info = (struct bytes){envelope->payload.data, (size_t)len};
    envelope->payload = bytes_skip(envelope->payload, (size_t)len);
    return info_is_valid(envelope->info);
}

static bool read_trace(struct envelope *envelope, struct bytes text)
{
    envelope->trace = trace_read(text);
    return envelope->trace.len == text.len && text.len;
}

/* The fields after the sender, each at most once, in this order. */
static bool read_extras(struct envelope *envelope, struct bytes text)
{
    static const struct {
        struct bytes mark;
        bool (*read)(struct envelope *envelope, struct bytes value);
    } extras[] = {{BYTES_LITERAL("e="), read_event},
                  {BYTES_LITERAL("i="), read_info},
                  {BYTES_LITERAL(""), read_trace}};
    size_t next = 0;
    while (next < sizeof extras / sizeof *extras) {
        const char *end = text.len ? memchr(text.data, ';', text.len) : NULL;
        struct bytes extra = {text.data,
                              end ? (size_t)(end - text.data) : text.len};
        while (!bytes_start_with(extra, extras[next].mark))
            next++;
        if (!extras[next].read(envelope,
                               bytes_skip(extra, extras[next].mark.len)))
            return false;
        if (!end)
            return true;
        text = bytes_skip(text, extra.len + 1);
        next++;
    }
    return false;
}

/* No client's name has a semicolon. */
static bool split_sender(struct envelope *envelope)
{
    struct bytes *from = &envelope->from;
    const char *mark = from->len ? memchr(from->data, ';', from->len) : NULL;
    if (!mark)
        return true;
    size_t len = (size_t)(mark - from->data);
    struct bytes extras = bytes_skip(*from, len + 1);
    from->len = len;
    return read_extras(envelope, extras);
}

/* Few ids contain encoded characters. */
static bool read_client(struct bytes *client, char text[CLIENT_ID_MAX + 1])
{
    if (redis_client_name_is_plain(*client))
        return client_id_is_valid(*client);
    bool is_read = redis_client_name_read(*client, text);
    *client = bytes_of(text);
    return is_read;
}

static bool read_target(struct envelope *envelope)
{
    return read_client(&envelope->target, envelope->target_text);
}

static bool read_from(struct envelope *envelope)
{
    return read_client(&envelope->from, envelope->from_text);
}

/* The API's publishes have no sender. */
static bool read_sender(struct envelope *envelope)
{
    return split_sender(envelope) &&
           (!envelope->from.len || read_from(envelope));
}

static bool publication_is_valid(struct envelope *envelope)
{
    return epoch_decode(envelope->target, &envelope->position.epoch) &&
           envelope->position.offset > 0 && read_sender(envelope) &&
           json_is_valid(envelope->payload);
}

static bool leave_is_valid(struct envelope *envelope)
{
    return !envelope->target.len && read_from(envelope) &&
           !envelope->payload.len;
}

static bool join_is_valid(struct envelope *envelope)
{
    envelope->info = envelope->payload;
    envelope->payload.len = 0;
    return leave_is_valid(envelope) &&
           (!envelope->info.len || info_is_valid(envelope->info));
}

static bool content_is_valid(struct envelope *envelope)
{
    switch (envelope->kind) {
    case ENVELOPE_PUBLICATION:
        return publication_is_valid(envelope);
    case ENVELOPE_JOIN:
        return join_is_valid(envelope);
    case ENVELOPE_LEAVE:
        return leave_is_valid(envelope);
    case ENVELOPE_GAP:
        return !envelope->target.len && !envelope->from.len &&
               !envelope->payload.len;
    case ENVELOPE_DIRECT:
        return read_target(envelope) && read_sender(envelope) &&
               json_is_valid(envelope->payload);
    case ENVELOPE_REPLACE:
        return read_target(envelope) && envelope->from.len;
    case ENVELOPE_DISCONNECT:
        return read_target(envelope) && !envelope->from.len &&
               close_text_is_valid(envelope->payload);
    case ENVELOPE_REMOVE:
        return read_target(envelope) && !envelope->from.len &&
               channel_name_is_valid(envelope->payload);
    case ENVELOPE_QUESTION:
        return (!envelope->target.len ||
                client_id_is_valid(envelope->target)) &&
               envelope->from.len;
    case ENVELOPE_ANSWER:
        return !envelope->target.len && envelope->from.len &&
               json_is_valid(envelope->payload);
    case ENVELOPE_BAN:
        return !envelope->target.len && !envelope->from.len;
    case ENVELOPE_EVICT:
        return !envelope->target.len && envelope->from.len &&
               close_text_is_valid(envelope->payload);
    }
    return false;
}

bool redis_envelope_decode(struct bytes text, struct envelope *envelope)
{
    struct bytes kind;
    struct bytes offset;
    struct bytes time;
    uint64_t time_ms;
    *envelope = (struct envelope){0};
    if (!take_field(&text, &kind) || kind.len != 1 ||
        !take_field(&text, &envelope->target) || !take_field(&text, &offset) ||
        !take_field(&text, &time) || !take_field(&text, &envelope->from))
        return false;
    if (!json_decode_uint(offset, &envelope->position.offset) ||
        !json_decode_uint(time, &time_ms) || time_ms > INT64_MAX)
        return false;
    envelope->kind = (enum envelope_kind)kind.data[0];
    envelope->time_ms = (int64_t)time_ms;
    envelope->payload = text;
    return content_is_valid(envelope);
}

static enum message_kind message_kind_of(enum envelope_kind kind)
{
    switch (kind) {
    case ENVELOPE_JOIN:
        return MESSAGE_JOIN;
    case ENVELOPE_LEAVE:
        return MESSAGE_LEAVE;
    case ENVELOPE_DIRECT:
        return MESSAGE_DIRECT;
    default:
        return MESSAGE_PUBLICATION;
    }
}

struct message *redis_envelope_message(const struct envelope *envelope,
                                       struct bytes channel)
{
    const struct message_parts parts = {
        .channel = channel,
        .from = envelope->from,
        .event = envelope->event,
        .info = envelope->info,
        .payload = envelope->payload,
        .trace = envelope->trace,
    };
    struct message *message =
        message_new_of(message_kind_of(envelope->kind), &parts);
    message->offset = envelope->position.offset;
    message->time_ms = envelope->time_ms;
    return message;
}

static void append_sender(struct buffer *out, struct bytes from,
                          struct bytes event, struct bytes info,
                          struct bytes trace)
{
    redis_client_name_append(out, from);
    if (event.len) {
        buffer_append_text(out, ";e=");
        redis_client_name_append(out, event);
    }
    if (info.len) {
        buffer_append_text(out, ";i=");
        buffer_append_uint(out, info.len);
    }
    if (trace.len)
        buffer_append_char(out, ';');
    buffer_append(out, trace);
}

void redis_envelope_append_sender(struct buffer *out,
                                  const struct message *message)
{
    append_sender(out, message->from, message->event, message->info,
                  message_trace(message));
}

void redis_envelope_append_payload(struct buffer *out,
                                   const struct message *message)
{
    buffer_append(out, message->info);
    buffer_append(out, message->payload);
}

void redis_envelope_encode(const struct envelope *envelope, struct buffer *out)
{
    buffer_append_char(out, (char)envelope->kind);
    buffer_append_char(out, '|');
    redis_client_name_append(out, envelope->target);
    buffer_append_char(out, '|');
    buffer_append_uint(out, envelope->position.offset);
    buffer_append_char(out, '|');
    buffer_append_uint(out, (uint64_t)envelope->time_ms);
    buffer_append_char(out, '|');
    append_sender(out, envelope->from, envelope->event, envelope->info,
                  envelope->trace);
    buffer_append_char(out, '|');
    buffer_append(out, envelope->info);
    buffer_append(out, envelope->payload);
}
