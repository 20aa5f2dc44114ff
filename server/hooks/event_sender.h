/* event_sender: brings the news to the application: one batch at a time,
 * batch_ms apart, tried again with back-off until the application has it.
 *
 * Owner:   the hook caller.
 * Thread:  its thread's.
 * Limits:  see hook_options.h and event_queue.h.
 * Failure: a batch not taken within retry_seconds is dropped, counted and
 *          logged; the next one says so.
 */
#ifndef PEAL_HOOKS_EVENT_SENDER_H
#define PEAL_HOOKS_EVENT_SENDER_H

#include "hooks/hook_options.h"
#include "hooks/hook_poster.h"
#include "messaging/hook.h"
#include "messaging/metrics.h"

struct event_sender;

/* All is borrowed; `target`: NULL for the application's own hooks. */
struct event_sender *event_sender_new(const struct hook_options *options,
                                      const char *instance,
                                      struct hook_poster *poster,
                                      const struct hook_target *target,
                                      struct metrics *metrics);

/* Takes the news. */
void event_sender_add(struct event_sender *sender, struct news *news);

/* News were dropped before they came here. */
void event_sender_note_dropped(struct event_sender *sender, uint64_t count);

/* Sends what is due, and says for how long nothing will be. */
uint64_t event_sender_step(struct event_sender *sender, uint64_t now_ms);

/* From now on without pauses, and without retries: the server ends. */
void event_sender_hurry(struct event_sender *sender);

/* Whether nothing is left that could be sent. */
bool event_sender_is_done(const struct event_sender *sender);

/* What is left is dropped. */
void event_sender_free(struct event_sender *sender);

#endif
