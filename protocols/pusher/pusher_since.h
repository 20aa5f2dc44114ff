/* pusher_since: what web/peal-pusher.js adds to Pusher's protocol, so that its
 * clients recover what they missed: with pusher:subscribe comes where the
 * client was, and with subscription_succeeded where it is.
 *
 * Owner:   nothing is owned.
 * Thread:  the connection's worker.
 * Limits:  none.
 * Failure: what is no position counts as one that nobody can recover from.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_SINCE_H
#define PEAL_PROTOCOLS_PUSHER_SINCE_H

#include "base/buffer.h"
#include "messaging/request.h"

struct connection;

/* `raw`: the member `since`, {} or {"epoch":...,"offset":...,"socket_id":...},
 * where the last is that of the connection before: what it published is not
 * told. Returns whether there is a position; from now on the connection is told
 * positions. */
bool pusher_since_read(struct connection *connection, struct bytes raw,
                       struct position *since);

/* Members of subscription_succeeded, behind a comma; nothing if the client has
 * not asked. */
void pusher_since_append(const struct connection *connection,
                         const struct position *position, bool recovered,
                         struct buffer *out);

#endif
