/* pusher_info: the `info` of Pusher's HTTP API: what is told of a channel
 * besides its name.
 *
 * Owner:   texts are borrowed.
 * Thread:  any.
 * Limits:  none.
 * Failure: PUSHER_INFO_INVALID for what is no list of attributes.
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

/* The same of a request's parameter. */
unsigned pusher_info_of(const struct backend_request *request);

/* Members of a command of the API that counts: "", or each behind a comma. */
void pusher_info_append_counted(struct buffer *out, unsigned info);

/* One row of the API's counts. */
struct pusher_counts {
    struct bytes channel; /* as Pusher's clients have it; in `text` */
    uint64_t connections;
    uint64_t members;
    bool has_connections;
    bool has_members;
    char text[256];
};

/* The next row of a list; false after the last. */
bool pusher_info_next(struct bytes *list, struct pusher_counts *counts);

/* "user_count":1,"subscription_count":2, of what is there and wanted; returns
 * whether there was any. */
bool pusher_info_append(struct buffer *out, const struct pusher_counts *counts,
                        unsigned info);

/* {"<channel>":{...},...} of a list of rows. */
void pusher_info_append_channels(struct buffer *out, struct bytes list,
                                 unsigned info);

#endif
