#include "messaging/message.h"

#include <stdlib.h>

#include "base/inbox.h"
#include "base/log.h"
#include "base/memory.h"

/* Copies `bytes` to `*at`, advances it, and returns the copy. */
static struct bytes put(char **at, struct bytes bytes)
{
    struct bytes copy = {*at, bytes.len};
    if (bytes.len)
        memcpy(*at, bytes.data, bytes.len);
    *at += bytes.len;
    return copy;
}

struct message *message_new(enum message_kind kind, struct bytes channel,
                            struct bytes from, struct bytes payload)
{
    const struct message_parts parts = {
        .channel = channel, .from = from, .payload = payload};
    return message_new_of(kind, &parts);
}

struct message *message_new_of(enum message_kind kind,
                               const struct message_parts *parts)
{
    size_t len = parts->channel.len + parts->from.len + parts->event.len +
                 parts->info.len + parts->payload.len + parts->trace.len;
    struct message *message = memory_new(1, sizeof *message + len);
    atomic_init(&message->references, 1);
    message->kind = kind;
    char *at = message->text;
    message->channel = put(&at, parts->channel);
    message->from = put(&at, parts->from);
    message->event = put(&at, parts->event);
    message->info = put(&at, parts->info);
    message->payload = put(&at, parts->payload);
    if (!parts->trace.len)
        return message;
    /* only version 00 is known: write that version */
    memcpy(at, parts->trace.data, TRACE_LEN);
    memcpy(at, "00", 2);
    message->trace = at;
    return message;
}

static void drop_frames(struct message *message)
{
    for (unsigned i = 0; i < ENCODINGS_MAX; i++)
        for (unsigned j = 0; j < FRAMINGS_MAX; j++) {
            struct frame *frame = atomic_load_explicit(&message->frames[i][j],
                                                       memory_order_acquire);
            if (!frame)
                continue;
            frame_unref(frame);
            atomic_store_explicit(&message->frames[i][j], NULL,
                                  memory_order_relaxed);
        }
}

void message_unref(struct message *message)
{
    if (!message || atomic_fetch_sub_explicit(&message->references, 1,
                                              memory_order_acq_rel) > 1)
        return;
    drop_frames(message);
    free(message);
}

void message_unshare(struct message *message)
{
    if (atomic_fetch_sub_explicit(&message->deliveries, 1,
                                  memory_order_acq_rel) == 1)
        drop_frames(message);
    message_unref(message);
}

struct frame *message_new_frame(const struct message *message,
                                const struct encoding *encoding,
                                const struct framing *framing)
{
    struct buffer out = {0};
    frame_begin(&out);
    encoding->encode(message, &out);
    struct frame *frame = frame_wrap(&out, framing, encoding->kind);
    buffer_deinit(&out);
    return frame;
}

/* Two threads may both create the frame; the second one is discarded. */
struct frame *message_frame(struct message *message,
                            const struct encoding *encoding,
                            const struct framing *framing)
{
    _Atomic(struct frame *) *place =
        &message->frames[encoding->number][framing->number];
    struct frame *frame = atomic_load_explicit(place, memory_order_acquire);
    if (frame)
        return frame;

    struct frame *mine = message_new_frame(message, encoding, framing);
    if (atomic_compare_exchange_strong(place, &frame, mine))
        return mine;
    frame_unref(mine);
    return frame;
}

static void log_delivery(void *subject, void *object)
{
    enum { LINES = 1000 }; /* a second */
    struct message *message = subject;
    log_limited(LOG_INFO, LINES, "Message delivered",
                LOG_BYTES("trace_id", trace_id(message->trace)),
                LOG_BYTES("parent_id", trace_parent(message->trace)),
                LOG_BYTES("channel", message->channel),
                LOG_NUMBER("offset", message->offset),
                LOG_NUMBER("connections", (uintptr_t)object));
    message_unref(message);
}

void message_log_delivery(struct message *message, struct inbox *inbox,
                          uint32_t connections)
{
    if (message->trace && trace_is_sampled(message->trace))
        inbox_post(inbox,
                   (struct inbox_item){log_delivery, message_ref(message),
                                       (void *)(uintptr_t)connections});
}
