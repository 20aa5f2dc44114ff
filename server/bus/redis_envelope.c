#include "bus/redis_envelope.h"

#include "base/json.h"
#include "messaging/close_reason.h"
#include "messaging/epoch.h"
#include "messaging/names.h"

/* The text before the next bar; `text` moves behind it. */
static bool take_field(struct bytes *text, struct bytes *field)
{
    const char *bar = text->len ? memchr(text->data, '|', text->len) : NULL;
    if (!bar)
        return false;
    *field = (struct bytes){text->data, (size_t)(bar - text->data)};
    *text = bytes_skip(*text, field->len + 1);
    return true;
}

/* What stands behind the sender; no client id has a semicolon. */
static bool split_sender(struct envelope *envelope)
{
    struct bytes *from = &envelope->from;
    const char *mark = from->len ? memchr(from->data, ';', from->len) : NULL;
    if (!mark)
        return true;
    size_t len = (size_t)(mark - from->data);
    struct bytes text = bytes_skip(*from, len + 1);
    envelope->trace = trace_read(text);
    from->len = len;
    return envelope->trace.len == text.len && text.len;
}

static bool publication_is_valid(struct envelope *envelope)
{
    return epoch_decode(envelope->target, &envelope->position.epoch) &&
           envelope->position.offset > 0 &&
           (!envelope->from.len || client_id_is_valid(envelope->from)) &&
           json_is_valid(envelope->payload);
}

static bool event_is_valid(const struct envelope *envelope)
{
    return !envelope->target.len && client_id_is_valid(envelope->from) &&
           !envelope->payload.len;
}

static bool content_is_valid(struct envelope *envelope)
{
    switch (envelope->kind) {
    case ENVELOPE_PUBLICATION:
        return split_sender(envelope) && publication_is_valid(envelope);
    case ENVELOPE_JOIN:
    case ENVELOPE_LEAVE:
        return event_is_valid(envelope);
    case ENVELOPE_DIRECT:
        return split_sender(envelope) && client_id_is_valid(envelope->target) &&
               (!envelope->from.len || client_id_is_valid(envelope->from)) &&
               json_is_valid(envelope->payload);
    case ENVELOPE_REPLACE:
        return client_id_is_valid(envelope->target) && envelope->from.len;
    case ENVELOPE_DISCONNECT:
        return client_id_is_valid(envelope->target) && !envelope->from.len &&
               close_text_is_valid(envelope->payload);
    case ENVELOPE_REMOVE:
        return client_id_is_valid(envelope->target) && !envelope->from.len &&
               channel_name_is_valid(envelope->payload);
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
        !take_field(&text, &envelope->target) ||
        !take_field(&text, &offset) || !take_field(&text, &time) ||
        !take_field(&text, &envelope->from))
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
    struct message *message =
        message_new_traced(message_kind_of(envelope->kind), channel,
                           envelope->from, envelope->payload, envelope->trace);
    message->offset = envelope->position.offset;
    message->time_ms = envelope->time_ms;
    return message;
}

void redis_envelope_append_sender(struct buffer *out, struct bytes from,
                                  struct bytes trace)
{
    buffer_append(out, from);
    if (trace.len)
        buffer_append_char(out, ';');
    buffer_append(out, trace);
}

void redis_envelope_encode(const struct envelope *envelope, struct buffer *out)
{
    buffer_append_char(out, (char)envelope->kind);
    buffer_append_char(out, '|');
    buffer_append(out, envelope->target);
    buffer_append_char(out, '|');
    buffer_append_uint(out, envelope->position.offset);
    buffer_append_char(out, '|');
    buffer_append_uint(out, (uint64_t)envelope->time_ms);
    buffer_append_char(out, '|');
    redis_envelope_append_sender(out, envelope->from, envelope->trace);
    buffer_append_char(out, '|');
    buffer_append(out, envelope->payload);
}
