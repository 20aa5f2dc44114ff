/* hook_poster: signed POSTs of JSON to the application, many at a time
 * (libcurl).
 *
 * Certificates are verified, redirects not followed, the proxies of the
 * environment not asked.
 *
 * Owner:   the hook caller. A transfer is the poster's; its body the caller's,
 *          who keeps it until `done`.
 * Thread:  one; hook_poster_wake from any.
 * Limits:  as many transfers as are started; each has a time-out, and an
 *          answer of answer_bytes at the most.
 * Failure: told to `done`, in words.
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

/* What became of a POST. */
struct hook_reply {
    int status; /* 0: there is no answer */
    struct bytes body;
    const char *error; /* why there is none */
};

typedef void hook_posted(void *arg, const struct hook_reply *reply);

/* Whether `url` is one to post to; if not, why. `key`: of the config. */
bool hook_poster_check_url(const char *key, const char *url,
                           struct error *error);

/* Whether the CA file can be read; if not, why. */
bool hook_poster_check_ca(const char *file, struct error *error);

/* Before other threads start; the options are borrowed. */
struct hook_poster *hook_poster_new(const struct hook_options *options);

/* Signs with these from the next call on; copies them. `old` may be NULL, and
 * both where only targets are told. */
void hook_poster_use_secrets(struct hook_poster *poster, const char *secret,
                             const char *old);

/* When nothing is under way any more. */
void hook_poster_free(struct hook_poster *poster);

/* What is posted. */
struct hook_call {
    const struct hook_target *target; /* NULL: as the options say */
    const char *kind;                 /* goes into a header */
    const char *trace;                /* the same: a traceparent, or empty */
    struct bytes body;
    uint64_t timeout_ms;
};

/* `done` runs once, within hook_poster_run. NULL when it cannot be signed, for
 * want of memory: then it does not run. */
struct transfer *hook_poster_send(struct hook_poster *poster,
                                  const struct hook_call *call,
                                  hook_posted *done, void *arg);

/* Gives it up; `done` does not run any more. */
void hook_poster_cancel(struct hook_poster *poster, struct transfer *transfer);

/* Does what can be done, and waits for more where nothing ended, so long at
 * most. */
void hook_poster_run(struct hook_poster *poster, uint64_t wait_ms);

/* Ends the wait. */
void hook_poster_wake(struct hook_poster *poster);

#endif
