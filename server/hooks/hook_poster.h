/* hook_poster: sends signed POST requests to the application, many concurrently
 * (libcurl).
 *
 * Certificates are verified, redirects are not followed, proxies from the
 * environment are not used.
 *
 * Owner:   the hook caller. The poster owns transfers; the caller keeps the
 *          body until `done`.
 * Thread:  one; hook_poster_wake from any.
 * Limits:  as many transfers as are started; each has a time-out, and a
 *          response of at most answer_bytes.
 * Failure: reported to `done`.
 */
#ifndef PEAL_HOOKS_HOOK_POSTER_H
#define PEAL_HOOKS_HOOK_POSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "hooks/hook_options.h"

struct hook_poster;
struct hook_target;
struct transfer;

/* The result of a POST. */
struct hook_reply {
    int status; /* 0: no response */
    struct bytes body;
    const char *error; /* reason of a failure */
};

typedef void hook_posted(void *arg, const struct hook_reply *reply);

/* Whether `url` is valid; if not, the reason. `key`: its config key. */
bool hook_poster_check_url(const char *key, const char *url,
                           struct error *error);

/* Whether the CA file is readable; if not, the reason. */
bool hook_poster_check_ca(const char *file, struct error *error);

/* Call before other threads start; the options are borrowed. */
struct hook_poster *hook_poster_new(const struct hook_options *options);

/* Signs with these secrets from the next call on; copies them. `old` may be
 * NULL; both may be NULL if only targets are used. */
void hook_poster_use_secrets(struct hook_poster *poster, const char *secret,
                             const char *old);

/* Call when no transfer is in progress. */
void hook_poster_free(struct hook_poster *poster);

/* The request. */
struct hook_call {
    const struct hook_target *target; /* NULL: as in the options */
    const char *kind;                 /* goes into a header */
    const char *trace;                /* the same: a traceparent, or empty */
    struct bytes body;
    uint64_t timeout_ms;
};

/* `done` runs once, within hook_poster_run. NULL if out of memory for signing:
 * then `done` does not run. */
struct transfer *hook_poster_send(struct hook_poster *poster,
                                  const struct hook_call *call,
                                  hook_posted *done, void *arg);

/* Aborts the transfer; `done` does not run. */
void hook_poster_cancel(struct hook_poster *poster, struct transfer *transfer);

/* Processes transfers; if none ended, waits for at most the given time. */
void hook_poster_run(struct hook_poster *poster, uint64_t wait_ms);

/* Ends the wait of hook_poster_run. */
void hook_poster_wake(struct hook_poster *poster);

#endif
