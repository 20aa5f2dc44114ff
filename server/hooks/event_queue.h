/* event_queue: news on their way to the application, bounded, many in one
 * batch.
 *
 * Owner:   the hook caller; the queue owns the news in it.
 * Thread:  one at a time.
 * Limits:  events_max and bytes_max of what waits; a batch has at most so many
 *          events and BATCH_BYTES, but always one event.
 * Failure: without room the oldest news go, for the newest say how things
 *          are; they are counted, and the next batch says how many.
 */
#ifndef PEAL_HOOKS_EVENT_QUEUE_H
#define PEAL_HOOKS_EVENT_QUEUE_H

#include "messaging/hook.h"

enum { BATCH_BYTES = 1048576 };

struct event_queue {
    /* set once */
    const char *instance; /* the first part of every id */
    bool is_for_target;   /* in Pusher's form: no ids, the time of the batch */
    uint32_t events_max;
    uint64_t bytes_max;
    /* what waits, oldest first */
    struct news *first;
    struct news *last;
    uint32_t count;
    uint64_t bytes;
    uint64_t number;  /* of the oldest that waits; ids grow by one */
    uint64_t dropped; /* since the last batch was made */
};

/* Takes the news; how many were dropped for them. */
uint32_t event_queue_push(struct event_queue *queue, struct news *news);

/* Counts news that were dropped before they came here. */
void event_queue_note_dropped(struct event_queue *queue, uint64_t count);

/* Takes up to `events_max` out and writes them as the body of one call; how
 * many there are. */
uint32_t event_queue_take(struct event_queue *queue, uint32_t events_max,
                          struct buffer *out);

/* How many were left. */
uint32_t event_queue_clear(struct event_queue *queue);

#endif
