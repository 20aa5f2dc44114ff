/* hook_options: the config section `hooks`, as plain data.
 *
 * Owner:   the config owns the memory; others borrow.
 * Thread:  immutable once the server runs.
 * Limits:  ranges are checked when the config is read.
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

/* The result of an unanswered question. */
enum hook_policy { HOOK_POLICY_REFUSE, HOOK_POLICY_ALLOW };

struct hook_options {
    char *url;        /* NULL: no hooks */
    char *secret;     /* signs every call */
    char *old_secret; /* the former secret during a change, or NULL */
    char *ca;         /* PEM file: CAs of the application; NULL: the system's */
    struct text_list questions;          /* configured questions */
    struct text_list events;             /* configured events */
    struct text_list subscribe_channels; /* patterns of channels to ask about */
    struct text_list publish_channels;
    struct text_list connect_headers; /* headers sent with the question */
    enum hook_policy on_failure;
    uint32_t timeout_ms;    /* time limit of a question */
    uint32_t questions_max; /* outstanding questions */
    uint32_t publishes_max; /* outstanding questions per connection */
    uint32_t connections;   /* connections to the application */
    uint32_t answer_bytes;
    uint32_t batch_events; /* events per call */
    uint32_t batch_ms;     /* pause between calls */
    uint32_t events_timeout_ms;
    uint32_t retry_ms; /* before the first retry; then doubled */
    uint32_t retry_max_ms;
    uint32_t retry_seconds; /* until a batch is dropped */
    uint32_t queue_events;  /* waiting events */
    uint64_t queue_bytes;
};

#endif
