/* webhook_event: an event for the application or another webhook target.
 *
 * Owner:   its current holder.
 * Thread:  one at a time.
 * Limits:  those of its queue.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_WEBHOOK_EVENT_H
#define PEAL_MESSAGING_WEBHOOK_EVENT_H

#include "base/buffer.h"

struct hook_target;

/* The members of its JSON object except the id, each preceded by a comma. */
struct webhook_event {
    struct webhook_event *next;
    struct hook_target *target; /* a reference; NULL: the application */
    size_t len;
    char json[];
};

/* Empties the buffer. `target` may be NULL. */
struct webhook_event *webhook_event_new(struct hook_target *target,
                                        struct buffer *json);
void webhook_event_free(struct webhook_event *event);

#endif
