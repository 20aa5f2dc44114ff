#include "hooks/event_queue.h"

#include <stdlib.h>

#include "base/clock.h"
#include "messaging/webhook_event.h"

static size_t size_of(const struct webhook_event *event)
{
    return sizeof *event + event->len;
}

static struct webhook_event *take_first(struct event_queue *queue)
{
    struct webhook_event *event = queue->first;
    queue->first = event->next;
    queue->count--;
    queue->bytes -= size_of(event);
    queue->number++;
    return event;
}

static void drop_first(struct event_queue *queue)
{
    webhook_event_free(take_first(queue));
    queue->dropped++;
}

static bool is_over(const struct event_queue *queue)
{
    return queue->count > queue->events_max ||
           (queue->bytes > queue->bytes_max && queue->count > 1);
}

uint32_t event_queue_push(struct event_queue *queue,
                          struct webhook_event *event)
{
    uint32_t dropped = 0;
    event->next = NULL;
    if (queue->first)
        queue->last->next = event;
    else
        queue->first = event;
    queue->last = event;
    queue->count++;
    queue->bytes += size_of(event);
    for (; is_over(queue); dropped++)
        drop_first(queue);
    return dropped;
}

void event_queue_note_dropped(struct event_queue *queue, uint64_t count)
{
    queue->dropped += count;
}

/* Ids are the same in retries of a batch. */
static void write_event(const struct event_queue *queue,
                        const struct webhook_event *event, struct buffer *out)
{
    struct bytes members = {event->json, event->len};
    buffer_append_char(out, '{');
    if (queue->is_for_target)
        members = bytes_skip(members, 1); /* the comma */
    else
        buffer_append_format(out, "\"id\":\"%s-%llu\"", queue->instance,
                             (unsigned long long)queue->number);
    buffer_append(out, members);
    buffer_append_char(out, '}');
}

static void write_head(const struct event_queue *queue, struct buffer *out)
{
    if (queue->is_for_target)
        buffer_append_format(out, "{\"time_ms\":%lld,\"events\":[",
                             (long long)clock_wall_ms());
    else
        buffer_append_format(out,
                             "{\"instance\":\"%s\",\"dropped\":%llu,"
                             "\"events\":[",
                             queue->instance,
                             (unsigned long long)queue->dropped);
}

uint32_t event_queue_take(struct event_queue *queue, uint32_t events_max,
                          struct buffer *out)
{
    uint32_t count = 0;
    write_head(queue, out);
    queue->dropped = 0;
    while (queue->first && count < events_max &&
           (!count || out->len + queue->first->len < BATCH_BYTES)) {
        if (count++)
            buffer_append_char(out, ',');
        write_event(queue, queue->first, out);
        webhook_event_free(take_first(queue));
    }
    buffer_append_text(out, "]}");
    return count;
}

uint32_t event_queue_clear(struct event_queue *queue)
{
    uint32_t count = queue->count;
    while (queue->first)
        webhook_event_free(take_first(queue));
    return count;
}
