/* pusher_name: names of channels as Pusher has them, which say what a channel
 * is like.
 *
 * Owner:   names are borrowed.
 * Thread:  any.
 * Limits:  CHANNEL_NAME_MAX bytes with the app's prefix.
 * Failure: false.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_NAME_H
#define PEAL_PROTOCOLS_PUSHER_NAME_H

#include <stdbool.h>

#include "base/bytes.h"

/* What all channels of all apps begin with; then come the app's id and a
 * colon, which no name of Pusher's has. */
#define PUSHER_PREFIX "pusher:"

/* The channel in which a signed-in user hears from backends; then comes its
 * id. */
#define PUSHER_USER_CHANNEL "#server-to-user-"

/* The channel whose members are one user's connections; no client can ask for
 * it. */
#define PUSHER_WATCH_CHANNEL "#watch-"

bool pusher_name_is_valid(struct bytes name);

/* Whether it is one of ours, which applications do not know. */
bool pusher_name_is_internal(struct bytes name);

/* Public ones have none of these beginnings. */
bool pusher_name_is_private(struct bytes name); /* presence channels too */
bool pusher_name_is_presence(struct bytes name);
bool pusher_name_is_encrypted(struct bytes name);

/* Whether a new subscriber gets the last event. */
bool pusher_name_is_cache(struct bytes name);

/* The user whose channel it is, or empty. */
struct bytes pusher_name_user(struct bytes name);

/* The same of one that is watched. */
struct bytes pusher_name_watched(struct bytes name);

/* A user's id, which can be part of a name. */
bool pusher_name_is_user_id(struct bytes id);

/* The name in one of Peal's, without the app's prefix. */
struct bytes pusher_name_of(struct bytes channel);

#endif
