/* webhooks: events for targets of protocols, each with its own queue and
 * retries, so that a failing target does not delay others.
 *
 * Owner:   the hook caller. A target without other references is freed after
 *          its last event.
 * Thread:  its thread's.
 * Limits:  those of hook_options.h, per target.
 * Failure: as for event_sender.h.
 */
#ifndef PEAL_HOOKS_WEBHOOKS_H
#define PEAL_HOOKS_WEBHOOKS_H

#include "hooks/event_sender.h"

struct webhook;

/* A zeroed list is empty. Its pointers are borrowed. */
struct webhooks {
    const struct hook_options *options;
    const char *instance;
    struct hook_poster *poster;
    struct metrics *metrics;
    struct webhook *first;
};

/* Takes the event, which has a target. */
void webhooks_add(struct webhooks *webhooks, struct webhook_event *event);

/* The same as for one sender, for all of them. */
uint64_t webhooks_step(struct webhooks *webhooks, uint64_t now_ms);
void webhooks_hurry(struct webhooks *webhooks);
bool webhooks_is_done(const struct webhooks *webhooks);

void webhooks_clear(struct webhooks *webhooks);

#endif
