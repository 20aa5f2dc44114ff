/* event_sender: sends events to the application: one batch at a time, batch_ms
 * apart, retried with back-off until the application accepts it.
 *
 * Owner:   the hook caller.
 * Thread:  its thread's.
 * Limits:  see hook_options.h and event_queue.h.
 * Failure: a batch not accepted within retry_seconds is dropped, counted and
 *          logged; the next one reports it.
 */
#ifndef PEAL_HOOKS_EVENT_SENDER_H
#define PEAL_HOOKS_EVENT_SENDER_H

#include "hooks/hook_options.h"
#include "hooks/hook_poster.h"
#include "messaging/hook.h"
#include "messaging/metrics.h"

struct event_sender;

/* Arguments are borrowed; `target`: NULL for the application's own hooks. */
struct event_sender *event_sender_new(const struct hook_options *options,
                                      const char *instance,
                                      struct hook_poster *poster,
                                      const struct hook_target *target,
                                      struct metrics *metrics);

/* Takes the event. */
void event_sender_add(struct event_sender *sender, struct webhook_event *event);

/* Counts events that were dropped before they reached the sender. */
void event_sender_note_dropped(struct event_sender *sender, uint64_t count);

/* Sends due events; returns the time until the next ones are due. */
uint64_t event_sender_step(struct event_sender *sender, uint64_t now_ms);

/* Stops pausing and retrying: the server shuts down. */
void event_sender_hurry(struct event_sender *sender);

/* Whether nothing is left to send. */
bool event_sender_is_done(const struct event_sender *sender);

/* Drops the remaining events. */
void event_sender_free(struct event_sender *sender);

#endif
