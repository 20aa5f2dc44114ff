#include "messaging/frame.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct frame *frame_new_raw(struct bytes frames)
{
    struct frame *frame = memory_resize(NULL, 1, sizeof *frame + frames.len);
    atomic_init(&frame->references, 1);
    atomic_init(&frame->waiting, 0);
    frame->payload_at = 0;
    frame->payload_len = frames.len;
    frame->len = frames.len;
    if (frames.len)
        memcpy(frame->data, frames.data, frames.len);
    return frame;
}

void frame_begin(struct buffer *out)
{
    buffer_clear(out);
    buffer_reserve(out, FRAMING_ROOM);
    out->len = FRAMING_ROOM;
}

struct frame *frame_wrap(struct buffer *out, const struct framing *framing,
                         enum payload_kind kind)
{
    size_t payload_len = out->len - FRAMING_ROOM;
    size_t start = framing->wrap(out, kind);
    struct frame *frame = frame_new_raw(bytes_skip(buffer_bytes(out), start));
    frame->payload_at = (unsigned)(FRAMING_ROOM - start);
    frame->payload_len = payload_len;
    return frame;
}

void frame_unref(struct frame *frame)
{
    if (!frame)
        return;
    if (atomic_fetch_sub_explicit(&frame->references, 1,
                                  memory_order_acq_rel) == 1)
        free(frame);
}
