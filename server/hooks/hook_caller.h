/* hook_caller: the thread that sends questions and events to the application.
 *
 * Questions are sent immediately, over a limited number of connections, for
 * which they wait in order. Events are batched: one batch at a time, with a
 * pause between batches, retried with back-off until the application accepts
 * it.
 *
 * Owner:   the server, which shuts it down in two steps: hook_caller_settle,
 *          and hook_caller_free once there are no more callers.
 * Thread:  its own; questions and events from any.
 * Limits:  see hook_options.h.
 * Failure: see messaging/hook.h; logged, at most once a second.
 */
#ifndef PEAL_HOOKS_HOOK_CALLER_H
#define PEAL_HOOKS_HOOK_CALLER_H

#include "hooks/hook_options.h"
#include "messaging/hook.h"
#include "messaging/metrics.h"
#include "messaging/options.h"

/* Starts the thread. Options and limits are borrowed. */
struct hooks *hook_caller_new(const struct hook_options *options,
                              const struct limits *limits);

/* Signs with these secrets from now on; copies them. `old` may be NULL. Main
 * thread only. */
void hook_caller_use_secrets(struct hooks *hooks, const char *secret,
                             const char *old);

/* Returns all questions, and later ones immediately, as failed. Call once,
 * after all worker threads have stopped. */
void hook_caller_settle(struct hooks *hooks);

/* Sends the remaining events, for at most a few seconds. NULL is ignored. */
void hook_caller_free(struct hooks *hooks);

const struct metrics *hook_caller_metrics(const struct hooks *hooks);

#endif
