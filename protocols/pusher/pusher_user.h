/* pusher_user: who is in a presence channel. A member's id is a text with Peal
 * and may be a number with Pusher, so its info begins with it as it was:
 * {"user_id":10,"name":"Alice"} is user 10 with the user_info {"name":"Alice"}.
 *
 * Owner:   what is read belongs to the caller.
 * Thread:  any.
 * Limits:  ids as in names.h, infos as in info.h.
 * Failure: false, and why in words.
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

/* Out of channel_data: {"user_id":...,"user_info":{...}}. */
bool pusher_user_read(struct bytes data, struct pusher_user *user,
                      struct error *why);

/* What an info says of the member's id as it was: raw JSON; empty if nothing.
 */
struct bytes pusher_user_raw_id(struct bytes info);

/* The id as it was, as JSON. */
void pusher_user_append_id(struct buffer *out, struct bytes id,
                           struct bytes info);

/* The user_info. */
void pusher_user_append_info(struct buffer *out, struct bytes info);

#endif
