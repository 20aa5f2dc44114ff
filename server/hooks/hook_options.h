/* hook_options: what the config says about hooks, as plain data.
 *
 * Owner:   the config owns the memory; everybody else borrows.
 * Thread:  immutable once the server runs.
 * Limits:  ranges are checked where the config is read.
 * Failure: none.
 */
#ifndef PEAL_HOOKS_HOOK_OPTIONS_H
#define PEAL_HOOKS_HOOK_OPTIONS_H

#include <stdint.h>

#include "base/text_list.h"

/* As in the config, numbered as in messaging/hook.h. */
#define HOOK_QUESTIONS "connect|subscribe|publish"
#define HOOK_EVENTS                                                            \
    "connected|disconnected|channel_occupied|channel_vacated|member_added|"    \
    "member_removed"

#define HOOK_HEADERS "cookie|authorization|user-agent"

enum { HOOK_SECRET_MIN = 16 };

/* What becomes of a question that is not answered. */
enum hook_policy { HOOK_POLICY_REFUSE, HOOK_POLICY_ALLOW };

struct hook_options {
    char *url;        /* NULL: no hooks */
    char *secret;     /* signs every call */
    char *old_secret; /* signs it too, while it is replaced; or NULL */
    char *ca;         /* PEM file: who signs the application; NULL:
                         the system's CAs */
    struct text_list questions;          /* which are asked */
    struct text_list events;             /* which are told */
    struct text_list subscribe_channels; /* patterns: about these is asked */
    struct text_list publish_channels;
    struct text_list connect_headers; /* shown with the question */
    enum hook_policy on_failure;
    uint32_t timeout_ms;    /* until a question must be answered */
    uint32_t questions_max; /* that wait for an answer */
    uint32_t publishes_max; /* of them, by one connection */
    uint32_t connections;   /* to the application */
    uint32_t answer_bytes;
    uint32_t batch_events; /* in one call */
    uint32_t batch_ms;     /* between two calls */
    uint32_t events_timeout_ms;
    uint32_t retry_ms; /* before the first retry; then doubled */
    uint32_t retry_max_ms;
    uint32_t retry_seconds; /* then a batch is given up */
    uint32_t queue_events;  /* that wait */
    uint64_t queue_bytes;
};

#endif
