#include "messaging/outbox.h"

#include <stdlib.h>

#include "base/memory.h"

enum { FIRST_CAPACITY = 8 };

static struct outbox_entry *entry_at(struct outbox *outbox, uint32_t place)
{
    return &outbox->entries[(outbox->first + place) % outbox->capacity];
}

static void grow(struct outbox *outbox)
{
    uint32_t capacity =
        outbox->capacity ? outbox->capacity * 2 : (uint32_t)FIRST_CAPACITY;
    struct outbox_entry *entries = memory_new(capacity, sizeof *entries);
    for (uint32_t i = 0; i < outbox->count; i++)
        entries[i] = *entry_at(outbox, i);
    free(outbox->entries);
    outbox->entries = entries;
    outbox->capacity = capacity;
    outbox->first = 0;
}

static struct outbox_entry *find_topic(struct outbox *outbox,
                                       const void *topic)
{
    for (uint32_t i = 0; i < outbox->count; i++)
        if (entry_at(outbox, i)->topic == topic)
            return entry_at(outbox, i);
    return NULL;
}

/* The newest frame takes the place of the one that waited for its topic. */
static void replace(struct outbox *outbox, struct outbox_entry *entry,
                    struct frame *frame)
{
    outbox->bytes += frame->len - entry->frame->len;
    frame_unref(entry->frame);
    entry->frame = frame_ref(frame);
}

static void append(struct outbox *outbox, struct frame *frame,
                   const void *topic)
{
    if (outbox->count == outbox->capacity)
        grow(outbox);
    *entry_at(outbox, outbox->count++) =
        (struct outbox_entry){frame_ref(frame), topic};
    outbox->bytes += frame->len;
}

enum outbox_result outbox_push(struct outbox *outbox, struct frame *frame,
                               const void *topic, const struct limits *limits)
{
    struct outbox_entry *older = topic ? find_topic(outbox, topic) : NULL;
    size_t others = outbox->bytes - (older ? older->frame->len : 0);
    if (others + frame->len > limits->outbox_bytes)
        return OUTBOX_FULL;
    if (older) {
        replace(outbox, older, frame);
        return OUTBOX_SUPERSEDED;
    }
    if (outbox->count >= limits->outbox_messages)
        return OUTBOX_FULL;
    append(outbox, frame, topic);
    return OUTBOX_QUEUED;
}

void outbox_end_topic(struct outbox *outbox, const void *topic)
{
    struct outbox_entry *entry = find_topic(outbox, topic);
    if (entry)
        entry->topic = NULL;
}

static struct frame *pop(struct outbox *outbox)
{
    struct frame *frame = entry_at(outbox, 0)->frame;
    outbox->first = (outbox->first + 1) % outbox->capacity;
    outbox->count--;
    outbox->bytes -= frame->len;
    return frame;
}

static void release_when_empty(struct outbox *outbox)
{
    if (outbox->count)
        return;
    free(outbox->entries);
    *outbox = (struct outbox){0};
}

void outbox_take(struct outbox *outbox, struct buffer *out, size_t bytes)
{
    while (outbox->count && out->len < bytes) {
        struct frame *frame = pop(outbox);
        buffer_append(out, frame_bytes(frame));
        frame_unref(frame);
    }
    release_when_empty(outbox);
}

uint32_t outbox_clear(struct outbox *outbox)
{
    uint32_t dropped = outbox->count;
    while (outbox->count)
        frame_unref(pop(outbox));
    release_when_empty(outbox);
    return dropped;
}
