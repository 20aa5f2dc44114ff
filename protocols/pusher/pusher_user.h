/* pusher_user: members of presence channels. Peal's member ids are strings,
 * Pusher's may be numbers, so the info begins with the original id:
 * {"user_id":10,"name":"Alice"} is user 10 with the user_info {"name":"Alice"}.
 *
 * Owner:   the caller owns the result.
 * Thread:  any.
 * Limits:  ids as in names.h, infos as in info.h.
 * Failure: false, and the reason.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_USER_H
#define PEAL_PROTOCOLS_PUSHER_USER_H

#include "base/buffer.h"
#include "base/error.h"
#include "messaging/names.h"

struct pusher_user {
    char id[CLIENT_ID_MAX + 1];
    char *info; /* owned */
};

/* Reads channel_data: {"user_id":...,"user_info":{...}}. */
bool pusher_user_read(struct bytes data, struct pusher_user *user,
                      struct error *why);

/* The member's original id in an info, as raw JSON; empty if missing. */
struct bytes pusher_user_raw_id(struct bytes info);

/* The original id, as JSON. */
void pusher_user_append_id(struct buffer *out, struct bytes id,
                           struct bytes info);

/* The user_info. */
void pusher_user_append_info(struct buffer *out, struct bytes info);

#endif
