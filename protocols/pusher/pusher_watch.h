/* pusher_watch: watchlists: a signed-in user is notified when watched users
 * come and go. Each user has a channel whose members are the user's
 * connections; watchers subscribe to it without being members.
 *
 * Owner:   nothing is owned.
 * Thread:  the connection's worker.
 * Limits:  PUSHER_WATCHED_MAX users, and the connection's channels.
 * Failure: pusher:error 4302 if the list is too long; users for whom there is
 *          no channel left are not watched.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_WATCH_H
#define PEAL_PROTOCOLS_PUSHER_WATCH_H

#include "messaging/request.h"

struct buffer;
struct connection;

enum { PUSHER_WATCHED_MAX = 100 };

/* Call when the user has signed in. `list`: raw JSON, or empty. */
void pusher_watch_begin(struct connection *connection, struct bytes list);

/* Whether the channel belongs to the connection's own user. */
bool pusher_watch_is_own(const struct connection *connection,
                         struct bytes channel);

/* Call when it has subscribed to the user's channel: reports whether the user
 * is online. */
void pusher_watch_on_subscribed(struct connection *connection,
                                const struct request *request);
void pusher_watch_on_presence(struct connection *connection,
                              const struct request *request);

/* The data of an event, as a string. */
void pusher_watch_append(struct buffer *out, bool is_online, struct bytes user);

#endif
