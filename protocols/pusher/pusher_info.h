/* pusher_info: the `info` attributes of a channel in Pusher's HTTP API.
 *
 * Owner:   texts are borrowed.
 * Thread:  any.
 * Limits:  none.
 * Failure: PUSHER_INFO_INVALID for anything but a list of attributes.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_INFO_H
#define PEAL_PROTOCOLS_PUSHER_INFO_H

#include "base/buffer.h"
#include "messaging/backend_route.h"

enum {
    PUSHER_INFO_USERS = 1,
    PUSHER_INFO_SUBSCRIPTIONS = 2,
    PUSHER_INFO_CACHE = 4,
    PUSHER_INFO_INVALID = 8
};

/* The attributes in a text such as "user_count,subscription_count". */
unsigned pusher_info_read(struct bytes text);

/* The same, from a request parameter. */
unsigned pusher_info_of(const struct backend_request *request);

/* Members for an API command that counts: "", or members each preceded by a
 * comma. */
void pusher_info_append_counted(struct buffer *out, unsigned info);

/* One row of the API's counts. */
struct pusher_counts {
    struct bytes channel; /* Pusher's name; points into `text` */
    uint64_t connections;
    uint64_t members;
    bool has_connections;
    bool has_members;
    char text[256];
};

/* The next row of a list; false after the last. */
bool pusher_info_next(struct bytes *list, struct pusher_counts *counts);

/* Appends "user_count":1,"subscription_count":2 for the requested and known
 * attributes; returns whether there was any. */
bool pusher_info_append(struct buffer *out, const struct pusher_counts *counts,
                        unsigned info);

/* Appends {"<channel>":{...},...} for a list of rows. */
void pusher_info_append_channels(struct buffer *out, struct bytes list,
                                 unsigned info);

#endif
