/* request_parts: what the members of a request are.
 *
 * Owner:   the request.
 * Thread:  as the request's.
 * Limits:  a page is about as long as said here.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_REQUEST_PARTS_H
#define PEAL_MESSAGING_REQUEST_PARTS_H

#include <stdbool.h>
#include <stdint.h>

/* How much of an answer that may be long is wanted. */
enum request_page {
    REQUEST_ALL,
    REQUEST_NO_PAGE, /* whether there is something, and no more */
    REQUEST_SMALL,   /* what fits into REQUEST_SMALL_BYTES, or no more */
    REQUEST_PAGE     /* about REQUEST_PAGE_BYTES of it, at least one message */
};

enum { REQUEST_SMALL_BYTES = 4096, REQUEST_PAGE_BYTES = 65536 };

/* A place in a channel: offsets count within an epoch. */
struct position {
    uint64_t epoch;
    uint64_t offset;
};

/* A client in a channel. */
struct member_count {
    char *client; /* owned by the request */
    char *info;   /* the same; NULL: there is none */
    uint32_t connections;
};

/* How a client asked to subscribe, and what it wants to know of the channel
 * once it has it. */
struct follow_up {
    bool is_of_list;
    bool presence;
    bool history;
    uint32_t history_limit;
};

/* What a survey asks for. */
enum survey_kind {
    SURVEY_CLIENT,   /* where `client` is */
    SURVEY_REFUSALS, /* of `client`, and of the addresses in `channel` */
    SURVEY_CHANNELS, /* how many subscribe to those that `channel` lists */
    SURVEY_KINDS
};

#endif
