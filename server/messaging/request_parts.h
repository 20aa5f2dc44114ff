/* request_parts: the types of a request's members.
 *
 * Owner:   the request.
 * Thread:  as the request's.
 * Limits:  page sizes are approximate.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_REQUEST_PARTS_H
#define PEAL_MESSAGING_REQUEST_PARTS_H

#include <stdbool.h>
#include <stdint.h>

/* The wanted size of a possibly long answer. */
enum request_page {
    REQUEST_ALL,
    REQUEST_NO_PAGE, /* only whether there is something */
    REQUEST_SMALL, /* all if it fits into REQUEST_SMALL_BYTES, else only whether
                      there is something */
    REQUEST_PAGE   /* about REQUEST_PAGE_BYTES of it, at least one message */
};

enum { REQUEST_SMALL_BYTES = 4096, REQUEST_PAGE_BYTES = 65536 };

/* A position in a channel: offsets count within an epoch. */
struct position {
    uint64_t epoch;
    uint64_t offset;
};

/* A client in a channel. */
struct member_count {
    char *client; /* owned by the request */
    char *info;   /* the same; NULL: none */
    uint32_t connections;
};

/* The options of a subscribe, and what to request from the channel after it. */
struct follow_up {
    bool is_of_list;
    bool presence;
    bool history;
    uint32_t history_limit;
};

/* The subject of a survey. */
enum survey_kind {
    SURVEY_CLIENT,   /* the connections of `client` */
    SURVEY_REFUSALS, /* refusals of `client`, and of the addresses in `channel`
                      */
    SURVEY_CHANNELS, /* number of subscribers of the channels listed in
                        `channel` */
    SURVEY_KINDS
};

#endif
