/* pusher_signin: users that sign in with the application's signature. Backends
 * can send events to a user and terminate all of a user's connections.
 *
 * Owner:   the connection has its user (pusher_client.h).
 * Thread:  the connection's worker.
 * Limits:  PUSHER_USER_DATA_MAX bytes of user_data.
 * Failure: an invalid signature closes the connection, as with Pusher.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_SIGNIN_H
#define PEAL_PROTOCOLS_PUSHER_SIGNIN_H

#include <stdbool.h>

#include "base/bytes.h"

struct connection;

enum { PUSHER_USER_DATA_MAX = 10240 };

/* `data` is the data of pusher:signin. */
void pusher_signin(struct connection *connection, struct bytes data);

/* Whether the connection belongs to that user. */
bool pusher_signin_is_user(const struct connection *connection,
                           struct bytes id);

#endif
