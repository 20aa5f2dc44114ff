/* pusher_name: Pusher's channel names, whose prefixes determine the kind of
 * channel.
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

/* Prefix of the channels of all apps. The app's id and a colon follow; Pusher's
 * names have no colon. */
#define PUSHER_PREFIX "pusher:"

/* Prefix of the channel in which a signed-in user receives events from
 * backends. The user's id follows. */
#define PUSHER_USER_CHANNEL "#server-to-user-"

/* Prefix of the channel whose members are one user's connections. Clients
 * cannot subscribe to it by name. */
#define PUSHER_WATCH_CHANNEL "#watch-"

bool pusher_name_is_valid(struct bytes name);

/* Whether it is an internal channel, which is hidden from applications. */
bool pusher_name_is_internal(struct bytes name);

/* Public channels have none of these prefixes. */
bool pusher_name_is_private(struct bytes name); /* presence channels too */
bool pusher_name_is_presence(struct bytes name);
bool pusher_name_is_encrypted(struct bytes name);

/* Whether it is a cache channel: new subscribers get the last event. */
bool pusher_name_is_cache(struct bytes name);

/* The user of a user channel, or empty. */
struct bytes pusher_name_user(struct bytes name);

/* The same, for a channel of watched users. */
struct bytes pusher_name_watched(struct bytes name);

/* Whether it is a valid user id, which can be part of a name. */
bool pusher_name_is_user_id(struct bytes id);

/* Pusher's name within Peal's name, without the app's prefix. */
struct bytes pusher_name_of(struct bytes channel);

#endif
