/* webhooks: news for targets of protocols, each with a queue and retries of its
 * own, so that one that is down holds nobody up.
 *
 * Owner:   the hook caller. A target that nobody else has any more goes when
 *          its news are gone.
 * Thread:  its thread's.
 * Limits:  those of hook_options.h, for each target.
 * Failure: as for event_sender.h.
 */
#ifndef PEAL_HOOKS_WEBHOOKS_H
#define PEAL_HOOKS_WEBHOOKS_H

#include "hooks/event_sender.h"

struct webhook;

/* A zeroed list is empty. What it points to is borrowed. */
struct webhooks {
    const struct hook_options *options;
    const char *instance;
    struct hook_poster *poster;
    struct metrics *metrics;
    struct webhook *first;
};

/* Takes the news, which have a target. */
void webhooks_add(struct webhooks *webhooks, struct news *news);

/* As for one sender, of all of them. */
uint64_t webhooks_step(struct webhooks *webhooks, uint64_t now_ms);
void webhooks_hurry(struct webhooks *webhooks);
bool webhooks_is_done(const struct webhooks *webhooks);

void webhooks_clear(struct webhooks *webhooks);

#endif
