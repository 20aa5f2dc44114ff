#include "messaging/message.h"

#include <stdlib.h>

#include "base/memory.h"

/* Copies `bytes` to `*at`, moves it on, and returns the copy. */
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
    return message_new_traced(kind, channel, from, payload, (struct bytes){0});
}

struct message *message_new_traced(enum message_kind kind, struct bytes channel,
                                   struct bytes from, struct bytes payload,
                                   struct bytes trace)
{
    size_t len = channel.len + from.len + payload.len + trace.len;
    struct message *message = memory_new(1, sizeof *message + len);
    atomic_init(&message->references, 1);
    message->kind = kind;
    char *at = message->text;
    message->channel = put(&at, channel);
    message->from = put(&at, from);
    message->payload = put(&at, payload);
    if (!trace.len)
        return message;
    /* whatever the version was: this one is what is known of it */
    memcpy(at, trace.data, TRACE_LEN);
    memcpy(at, "00", 2);
    message->trace = at;
    return message;
}

void message_unref(struct message *message)
{
    if (!message || atomic_fetch_sub_explicit(&message->references, 1,
                                              memory_order_acq_rel) > 1)
        return;
    for (unsigned i = 0; i < ENCODINGS_MAX; i++)
        frame_unref(atomic_load(&message->frames[i]));
    free(message);
}

/* Two threads may both make the frame; the second one's is thrown away. */
struct frame *message_frame(struct message *message, unsigned encoding,
                            message_encode *encode)
{
    _Atomic(struct frame *) *place = &message->frames[encoding];
    struct frame *frame = atomic_load_explicit(place, memory_order_acquire);
    if (frame)
        return frame;

    struct buffer text = {0};
    encode(message, &text);
    struct frame *mine = frame_new(FRAME_TEXT, buffer_bytes(&text));
    buffer_deinit(&text);
    if (atomic_compare_exchange_strong(place, &frame, mine))
        return mine;
    frame_unref(mine);
    return frame;
}
