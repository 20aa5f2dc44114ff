#include "messaging/outbox.h"

#include <stdlib.h>

#include "base/memory.h"

enum { FIRST_CAPACITY = 8 };

struct entry {
    struct frame *frame;
    const void *topic; /* entries of one topic supersede each other */
};

struct outbox_ring {
    uint32_t capacity;
    uint32_t first;
    uint32_t count;
    uint32_t requested; /* of these, requested by the client */
    bool is_held;
    size_t bytes;
    size_t requested_bytes;
    struct entry entries[];
};

const char outbox_requested[] = "requested";

static struct entry *entry_at(struct outbox_ring *ring, uint32_t place)
{
    return &ring->entries[(ring->first + place) % ring->capacity];
}

static struct outbox_ring *ring_new(uint32_t capacity)
{
    struct outbox_ring *ring =
        memory_new(1, sizeof *ring + capacity * sizeof(struct entry));
    ring->capacity = capacity;
    return ring;
}

static void grow(struct outbox *outbox)
{
    struct outbox_ring *old = outbox->ring;
    struct outbox_ring *ring = ring_new(old->capacity * 2);
    for (uint32_t i = 0; i < old->count; i++)
        ring->entries[i] = *entry_at(old, i);
    ring->count = old->count;
    ring->requested = old->requested;
    ring->is_held = old->is_held;
    ring->bytes = old->bytes;
    ring->requested_bytes = old->requested_bytes;
    free(old);
    outbox->ring = ring;
}

uint32_t outbox_count(const struct outbox *outbox)
{
    return outbox->ring ? outbox->ring->count : 0;
}

size_t outbox_bytes(const struct outbox *outbox)
{
    return outbox->ring ? outbox->ring->bytes : 0;
}

size_t outbox_requested_bytes(const struct outbox *outbox)
{
    return outbox->ring ? outbox->ring->requested_bytes : 0;
}

static struct outbox_ring *ring_of(struct outbox *outbox)
{
    if (!outbox->ring)
        outbox->ring = ring_new(FIRST_CAPACITY);
    return outbox->ring;
}

/* Frees the ring with the last frame. */
static void trim(struct outbox *outbox)
{
    if (outbox->ring->count || outbox->ring->is_held)
        return;
    free(outbox->ring);
    outbox->ring = NULL;
}

void outbox_hold(struct outbox *outbox)
{
    ring_of(outbox)->is_held = true;
}

void outbox_release(struct outbox *outbox)
{
    outbox->ring->is_held = false;
    trim(outbox);
}

bool outbox_is_held(const struct outbox *outbox)
{
    return outbox->ring && outbox->ring->is_held;
}

static struct entry *find_topic(const struct outbox *outbox, const void *topic)
{
    for (uint32_t i = 0; i < outbox_count(outbox); i++)
        if (entry_at(outbox->ring, i)->topic == topic)
            return entry_at(outbox->ring, i);
    return NULL;
}

static struct frame *hold(struct frame *frame, int64_t *memory)
{
    if (atomic_fetch_add_explicit(&frame->waiting, 1, memory_order_relaxed) ==
        0)
        *memory += (int64_t)frame->len;
    return frame_ref(frame);
}

static void let_go(struct frame *frame, int64_t *memory)
{
    if (atomic_fetch_sub_explicit(&frame->waiting, 1, memory_order_relaxed) ==
        1)
        *memory -= (int64_t)frame->len;
    frame_unref(frame);
}

/* The newest frame replaces the waiting one of its topic. */
static void replace(struct outbox_ring *ring, struct entry *entry,
                    struct frame *frame, int64_t *memory)
{
    ring->bytes += frame->len - entry->frame->len;
    let_go(entry->frame, memory);
    entry->frame = hold(frame, memory);
}

static void append(struct outbox *outbox, struct frame *frame,
                   const void *topic, int64_t *memory)
{
    if (ring_of(outbox)->count == outbox->ring->capacity)
        grow(outbox);
    struct outbox_ring *ring = outbox->ring;
    *entry_at(ring, ring->count++) = (struct entry){hold(frame, memory), topic};
    ring->bytes += frame->len;
    if (topic != outbox_requested)
        return;
    ring->requested++;
    ring->requested_bytes += frame->len;
}

static bool is_full(const struct outbox *outbox, size_t more,
                    const struct limits *limits)
{
    return outbox_bytes(outbox) - outbox_requested_bytes(outbox) + more >
           limits->outbox_bytes;
}

enum outbox_result outbox_push(struct outbox *outbox, struct frame *frame,
                               const void *topic, const struct limits *limits,
                               int64_t *memory)
{
    if (topic == outbox_requested) {
        append(outbox, frame, topic, memory);
        return OUTBOX_QUEUED;
    }
    struct entry *older = topic ? find_topic(outbox, topic) : NULL;
    if (is_full(outbox, frame->len - (older ? older->frame->len : 0), limits))
        return OUTBOX_FULL;
    if (older) {
        replace(outbox->ring, older, frame, memory);
        return OUTBOX_SUPERSEDED;
    }
    uint32_t requested = outbox->ring ? outbox->ring->requested : 0;
    if (outbox_count(outbox) - requested >= limits->outbox_messages)
        return OUTBOX_FULL;
    append(outbox, frame, topic, memory);
    return OUTBOX_QUEUED;
}

void outbox_end_topic(struct outbox *outbox, const void *topic)
{
    struct entry *entry = find_topic(outbox, topic);
    if (entry)
        entry->topic = NULL;
}

/* The oldest. */
static struct frame *pop(struct outbox *outbox)
{
    struct outbox_ring *ring = outbox->ring;
    const struct entry *oldest = entry_at(ring, 0);
    struct frame *frame = oldest->frame;
    if (oldest->topic == outbox_requested) {
        ring->requested--;
        ring->requested_bytes -= frame->len;
    }
    ring->first = (ring->first + 1) % ring->capacity;
    ring->bytes -= frame->len;
    ring->count--;
    trim(outbox);
    return frame;
}

void outbox_take(struct outbox *outbox, struct buffer *out, size_t bytes,
                 int64_t *memory)
{
    while (outbox_count(outbox) && out->len < bytes) {
        struct frame *frame = pop(outbox);
        buffer_append(out, frame_bytes(frame));
        let_go(frame, memory);
    }
}

uint32_t outbox_clear(struct outbox *outbox, int64_t *memory)
{
    uint32_t dropped = outbox_count(outbox);
    while (outbox_count(outbox))
        let_go(pop(outbox), memory);
    if (outbox->ring)
        outbox_release(outbox);
    return dropped;
}
