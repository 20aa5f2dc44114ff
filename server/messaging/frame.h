/* frame: one WebSocket frame from the server, ready to be written as it is.
 *
 * Server frames carry no mask (RFC 6455 section 5.1), so one frame serves
 * every receiver.
 *
 * Owner:   counted; whoever keeps one holds a reference.
 * Thread:  immutable once made; references from any thread.
 * Limits:  none: payloads are bounded where they come in.
 * Failure: out of memory ends the process.
 */
#ifndef PEAL_MESSAGING_FRAME_H
#define PEAL_MESSAGING_FRAME_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/bytes.h"

/* RFC 6455 section 5.2 */
enum frame_opcode {
    FRAME_CONTINUATION = 0x0,
    FRAME_TEXT = 0x1,
    FRAME_BINARY = 0x2,
    FRAME_CLOSE = 0x8,
    FRAME_PING = 0x9,
    FRAME_PONG = 0xa
};

enum { FRAME_HEADER_MAX = 10 };

struct frame {
    _Atomic unsigned references;
    unsigned header_len;
    size_t len; /* header and payload */
    char data[];
};

/* Writes the header of a final frame; returns its length. */
size_t frame_write_header(char out[FRAME_HEADER_MAX], enum frame_opcode opcode,
                          size_t payload_len);

/* The length of the first of frames that were made here and are whole. */
size_t frame_whole_len(struct bytes frames);

/* A frame with one reference, its payload copied. */
struct frame *frame_new(enum frame_opcode opcode, struct bytes payload);

/* A frame with one reference out of bytes that are whole frames already. */
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
    return bytes_skip(frame_bytes(frame), frame->header_len);
}

#endif
