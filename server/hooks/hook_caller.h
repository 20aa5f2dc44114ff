/* hook_caller: the thread that asks the application and tells it what
 * happened.
 *
 * Questions go out as they come, over at most so many connections, and wait
 * for one in their order. News are gathered: one batch after the other, with a
 * pause between two, tried again with back-off until the application takes it.
 *
 * Owner:   the server, which ends it in two steps: hook_caller_settle, and
 *          hook_caller_free when nobody can ask or tell any more.
 * Thread:  its own; asking and telling from any.
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

/* Signs with these from now on; copies them. `old` may be NULL. From the main
 * thread. */
void hook_caller_use_secrets(struct hooks *hooks, const char *secret,
                             const char *old);

/* Gives every question back, and later ones at once, as failed. Once, when no
 * worker's thread runs any more. */
void hook_caller_settle(struct hooks *hooks);

/* Tells what is still to be told, for a few seconds at most. NULL is ignored.
 */
void hook_caller_free(struct hooks *hooks);

const struct metrics *hook_caller_metrics(const struct hooks *hooks);

#endif
