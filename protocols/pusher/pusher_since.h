/* pusher_since: the extension of Pusher's protocol by web/peal-pusher.js, so
 * that clients recover missed events. pusher:subscribe carries the client's
 * last position, and subscription_succeeded the current one.
 *
 * Owner:   nothing is owned.
 * Thread:  the connection's worker.
 * Limits:  none.
 * Failure: an invalid position counts as one that cannot be recovered from.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_SINCE_H
#define PEAL_PROTOCOLS_PUSHER_SINCE_H

#include "base/buffer.h"
#include "messaging/request.h"

struct connection;

/* `raw`: the member `since`, {} or {"epoch":...,"offset":...,"socket_id":...},
 * where socket_id is that of the previous connection, whose own events are not
 * sent back. Returns whether there is a position. From now on the connection
 * receives positions. */
bool pusher_since_read(struct connection *connection, struct bytes raw,
                       struct position *since);

/* Members of subscription_succeeded, after a comma; nothing if the client did
 * not ask for them. */
void pusher_since_append(const struct connection *connection,
                         const struct position *position, bool recovered,
                         struct buffer *out);

#endif
