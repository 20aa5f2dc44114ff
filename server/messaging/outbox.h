/* outbox: frames that wait for one slow connection's socket.
 *
 * Owner:   the connection; holds one reference per waiting frame.
 * Thread:  only the connection's worker.
 * Limits:  bytes and count are checked by outbox_push, except for what the
 *          client asked for: who adds that asks outbox_requested_bytes.
 * Failure: outbox_push never blocks and never grows past the limits; it
 *          says when a frame finds no place.
 */
#ifndef PEAL_MESSAGING_OUTBOX_H
#define PEAL_MESSAGING_OUTBOX_H

#include <stdbool.h>

#include "base/buffer.h"
#include "messaging/frame.h"
#include "messaging/options.h"

struct outbox_ring;

/* A zeroed struct is an empty outbox; it holds memory only while it is not
 * empty. */
struct outbox {
    struct outbox_ring *ring; /* NULL: empty */
};

/* The topic of what the client asked for. */
extern const char outbox_requested[];

enum outbox_result {
    OUTBOX_QUEUED,
    OUTBOX_SUPERSEDED, /* queued in place of an older frame of its topic */
    OUTBOX_FULL        /* not queued: the connection is too slow */
};

/* Appends a reference to `frame`. With a topic, waiting frames of the same
 * topic give way to it. Here and below, what is held in memory more or less by
 * this is added to `memory`: a frame in several outboxes counts once. */
enum outbox_result outbox_push(struct outbox *outbox, struct frame *frame,
                               const void *topic, const struct limits *limits,
                               int64_t *memory);

/* While a message is being written in parts, nothing may come between: the
 * outbox does not count as empty, and nothing is to be taken from it. */
void outbox_hold(struct outbox *outbox);
void outbox_release(struct outbox *outbox);
bool outbox_is_held(const struct outbox *outbox);

/* What waits for this topic is no longer given way to: whatever has that topic
 * from now on is something else. */
void outbox_end_topic(struct outbox *outbox, const void *topic);

/* Moves whole frames into `out` until it holds `bytes` or more. */
void outbox_take(struct outbox *outbox, struct buffer *out, size_t bytes,
                 int64_t *memory);

/* Drops everything; returns how many frames that were. */
uint32_t outbox_clear(struct outbox *outbox, int64_t *memory);

static inline bool outbox_is_empty(const struct outbox *outbox)
{
    return !outbox->ring;
}

/* The frames that wait, and their bytes. */
uint32_t outbox_count(const struct outbox *outbox);
size_t outbox_bytes(const struct outbox *outbox);

/* The bytes of what the client asked for. */
size_t outbox_requested_bytes(const struct outbox *outbox);

#endif
