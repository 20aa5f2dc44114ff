#include "messaging/outbox.h"

#include <stdlib.h>

#include "base/memory.h"

enum { FIRST_CAPACITY = 8 };

struct entry {
    struct frame *frame;
    const void *topic; /* entries of one topic may supersede each other */
};

struct outbox_ring {
    uint32_t capacity;
    uint32_t first;
    uint32_t count;
    size_t bytes;
    struct entry entries[];
};

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
    ring->bytes = old->bytes;
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

static struct entry *find_topic(const struct outbox *outbox, const void *topic)
{
    for (uint32_t i = 0; i < outbox_count(outbox); i++)
        if (entry_at(outbox->ring, i)->topic == topic)
            return entry_at(outbox->ring, i);
    return NULL;
}

/* The newest frame takes the place of the one that waited for its topic. */
static void replace(struct outbox_ring *ring, struct entry *entry,
                    struct frame *frame)
{
    ring->bytes += frame->len - entry->frame->len;
    frame_unref(entry->frame);
    entry->frame = frame_ref(frame);
}

static void append(struct outbox *outbox, struct frame *frame,
                   const void *topic)
{
    if (!outbox->ring)
        outbox->ring = ring_new(FIRST_CAPACITY);
    else if (outbox->ring->count == outbox->ring->capacity)
        grow(outbox);
    struct outbox_ring *ring = outbox->ring;
    *entry_at(ring, ring->count++) = (struct entry){frame_ref(frame), topic};
    ring->bytes += frame->len;
}

enum outbox_result outbox_push(struct outbox *outbox, struct frame *frame,
                               const void *topic, const struct limits *limits)
{
    struct entry *older = topic ? find_topic(outbox, topic) : NULL;
    size_t others = outbox_bytes(outbox) - (older ? older->frame->len : 0);
    if (others + frame->len > limits->outbox_bytes)
        return OUTBOX_FULL;
    if (older) {
        replace(outbox->ring, older, frame);
        return OUTBOX_SUPERSEDED;
    }
    if (outbox_count(outbox) >= limits->outbox_messages)
        return OUTBOX_FULL;
    append(outbox, frame, topic);
    return OUTBOX_QUEUED;
}

void outbox_end_topic(struct outbox *outbox, const void *topic)
{
    struct entry *entry = find_topic(outbox, topic);
    if (entry)
        entry->topic = NULL;
}

/* The oldest; the ring goes with the last. */
static struct frame *pop(struct outbox *outbox)
{
    struct outbox_ring *ring = outbox->ring;
    struct frame *frame = entry_at(ring, 0)->frame;
    ring->first = (ring->first + 1) % ring->capacity;
    ring->bytes -= frame->len;
    if (--ring->count == 0) {
        free(ring);
        outbox->ring = NULL;
    }
    return frame;
}

void outbox_take(struct outbox *outbox, struct buffer *out, size_t bytes)
{
    while (!outbox_is_empty(outbox) && out->len < bytes) {
        struct frame *frame = pop(outbox);
        buffer_append(out, frame_bytes(frame));
        frame_unref(frame);
    }
}

uint32_t outbox_clear(struct outbox *outbox)
{
    uint32_t dropped = outbox_count(outbox);
    while (!outbox_is_empty(outbox))
        frame_unref(pop(outbox));
    return dropped;
}
