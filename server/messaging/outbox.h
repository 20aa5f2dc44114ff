/* outbox: frames waiting for one slow connection's socket.
 *
 * Owner:   the connection; holds one reference per waiting frame.
 * Thread:  only the connection's worker.
 * Limits:  outbox_push checks bytes and count, except for requested data:
 *          callers check outbox_requested_bytes for that.
 * Failure: outbox_push never blocks and never exceeds the limits; its result
 *          reports a rejected frame.
 */
#ifndef PEAL_MESSAGING_OUTBOX_H
#define PEAL_MESSAGING_OUTBOX_H

#include <stdbool.h>

#include "base/buffer.h"
#include "messaging/frame.h"
#include "messaging/options.h"

struct outbox_ring;

/* A zeroed struct is an empty outbox; it uses memory only while it is not
 * empty. */
struct outbox {
    struct outbox_ring *ring; /* NULL: empty */
};

/* The topic of requested data. */
extern const char outbox_requested[];

enum outbox_result {
    OUTBOX_QUEUED,
    OUTBOX_SUPERSEDED, /* queued instead of an older frame of its topic */
    OUTBOX_FULL        /* not queued: the connection is too slow */
};

/* Appends a reference to `frame`. With a topic, it replaces waiting frames of
 * the same topic. Here and below, the change of memory in use is added to
 * `memory`; a frame in several outboxes counts once. */
enum outbox_result outbox_push(struct outbox *outbox, struct frame *frame,
                               const void *topic, const struct limits *limits,
                               int64_t *memory);

/* While a message is written in parts, nothing may be sent in between: the
 * outbox does not count as empty, and nothing may be taken from it. */
void outbox_hold(struct outbox *outbox);
void outbox_release(struct outbox *outbox);
bool outbox_is_held(const struct outbox *outbox);

/* Detaches waiting frames from this topic: later frames with the topic do not
 * replace them. */
void outbox_end_topic(struct outbox *outbox, const void *topic);

/* Moves whole frames into `out` until it has at least `bytes` bytes. */
void outbox_take(struct outbox *outbox, struct buffer *out, size_t bytes,
                 int64_t *memory);

/* Drops everything; returns the number of frames. */
uint32_t outbox_clear(struct outbox *outbox, int64_t *memory);

static inline bool outbox_is_empty(const struct outbox *outbox)
{
    return !outbox->ring;
}

/* The number of waiting frames, and their bytes. */
uint32_t outbox_count(const struct outbox *outbox);
size_t outbox_bytes(const struct outbox *outbox);

/* The bytes of requested data. */
size_t outbox_requested_bytes(const struct outbox *outbox);

#endif
