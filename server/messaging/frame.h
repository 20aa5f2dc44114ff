/* frame: one payload encoded for one transport, shared by all receivers.
 *
 * Owner:   reference-counted.
 * Thread:  immutable once made; references from any thread.
 * Limits:  none: payloads are bounded on receipt.
 * Failure: out of memory ends the process.
 */
#ifndef PEAL_MESSAGING_FRAME_H
#define PEAL_MESSAGING_FRAME_H

#include <stdatomic.h>

#include "messaging/framing.h"

struct frame {
    _Atomic unsigned references;
    _Atomic unsigned waiting; /* number of outboxes that hold it */
    unsigned payload_at;
    size_t payload_len;
    size_t len; /* length of everything */
    char data[];
};

/* Returns room for a payload to be appended; then frame_wrap turns both into a
 * frame with one reference. */
void frame_begin(struct buffer *out);
struct frame *frame_wrap(struct buffer *out, const struct framing *framing,
                         enum payload_kind kind);

/* A frame with one reference, from bytes that already are whole frames. */
struct frame *frame_new_raw(struct bytes frames);

static inline struct frame *frame_ref(struct frame *frame)
{
    atomic_fetch_add_explicit(&frame->references, 1, memory_order_relaxed);
    return frame;
}

/* NULL is ignored. */
void frame_unref(struct frame *frame);

static inline struct bytes frame_bytes(const struct frame *frame)
{
    return (struct bytes){frame->data, frame->len};
}

static inline struct bytes frame_payload(const struct frame *frame)
{
    return (struct bytes){frame->data + frame->payload_at, frame->payload_len};
}

#endif
