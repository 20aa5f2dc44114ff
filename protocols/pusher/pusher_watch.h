/* pusher_watch: watchlists: a user that has signed in is told when others come
 * and go. Each user has a channel whose members are its connections; who
 * watches it subscribes without being a member.
 *
 * Owner:   nothing is owned.
 * Thread:  the connection's worker.
 * Limits:  PUSHER_WATCHED_MAX users, and the connection's channels.
 * Failure: pusher:error 4302 for too long a list; whom there is no room for is
 *          not told of.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_WATCH_H
#define PEAL_PROTOCOLS_PUSHER_WATCH_H

#include "messaging/request.h"

struct buffer;
struct connection;

enum { PUSHER_WATCHED_MAX = 100 };

/* The user has signed in; `list`: raw JSON, or empty. */
void pusher_watch_begin(struct connection *connection, struct bytes list);

/* Whether that channel is the connection's own user's. */
bool pusher_watch_is_own(const struct connection *connection,
                         struct bytes channel);

/* It subscribes to the user's channel now: is the user there? */
void pusher_watch_on_subscribed(struct connection *connection,
                                const struct request *request);
void pusher_watch_on_presence(struct connection *connection,
                              const struct request *request);

/* The data of an event, as a text. */
void pusher_watch_append(struct buffer *out, bool is_online, struct bytes user);

#endif
