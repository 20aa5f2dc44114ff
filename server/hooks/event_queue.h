/* event_queue: a bounded queue of events for the application, sent in batches.
 *
 * Owner:   the hook caller; the queue owns its events.
 * Thread:  one at a time.
 * Limits:  events_max and bytes_max in the queue; a batch has at most
 *          `events_max` events and BATCH_BYTES, but at least one event.
 * Failure: if the queue is full, the oldest events are dropped, because the
 *          newest describe the current state; they are counted, and the next
 *          batch reports the number.
 */
#ifndef PEAL_HOOKS_EVENT_QUEUE_H
#define PEAL_HOOKS_EVENT_QUEUE_H

#include "messaging/hook.h"

enum { BATCH_BYTES = 1048576 };

struct event_queue {
    /* set once */
    const char *instance; /* the first part of every id */
    bool is_for_target;   /* Pusher's format: no ids, the time of the batch */
    uint32_t events_max;
    uint64_t bytes_max;
    /* waiting events, oldest first */
    struct webhook_event *first;
    struct webhook_event *last;
    uint32_t count;
    uint64_t bytes;
    uint64_t number;  /* id of the oldest waiting event; ids increment */
    uint64_t dropped; /* dropped since the last batch */
};

/* Takes the event; returns how many others were dropped to make room. */
uint32_t event_queue_push(struct event_queue *queue,
                          struct webhook_event *event);

/* Counts events that were dropped before they reached the queue. */
void event_queue_note_dropped(struct event_queue *queue, uint64_t count);

/* Removes up to `events_max` events and writes them as the body of one call;
 * returns their number. */
uint32_t event_queue_take(struct event_queue *queue, uint32_t events_max,
                          struct buffer *out);

/* Returns the number of discarded events. */
uint32_t event_queue_clear(struct event_queue *queue);

#endif
