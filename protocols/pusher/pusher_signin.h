/* pusher_signin: users that the application has signed: they may hear from it
 * in a channel of their own, and it may end all their connections at once.
 *
 * Owner:   the connection has its user (pusher_client.h).
 * Thread:  the connection's worker.
 * Limits:  PUSHER_USER_DATA_MAX bytes of user_data.
 * Failure: a wrong signature ends the connection, as with Pusher.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_SIGNIN_H
#define PEAL_PROTOCOLS_PUSHER_SIGNIN_H

#include <stdbool.h>

#include "base/bytes.h"

struct connection;

enum { PUSHER_USER_DATA_MAX = 10240 };

/* `data` is what came with pusher:signin. */
void pusher_signin(struct connection *connection, struct bytes data);

/* Whether the connection is that user's. */
bool pusher_signin_is_user(const struct connection *connection,
                           struct bytes id);

#endif
