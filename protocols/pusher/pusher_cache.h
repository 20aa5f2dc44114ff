/* pusher_cache: sends the last event of a cache channel to new subscribers: the
 * newest message in the channel's history that was not sent by a client.
 *
 * Owner:   the connection, by pusher_client.h, until the history has come.
 * Thread:  the connection's worker.
 * Limits:  one per channel of the connection.
 * Failure: pusher:cache_miss if there is none, or it is unknown.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_CACHE_H
#define PEAL_PROTOCOLS_PUSHER_CACHE_H

#include "messaging/request.h"

struct connection;

/* Whether the message is cached for new subscribers. */
bool pusher_cache_keeps(struct bytes event);

/* Requests the cached event after a subscribe. Messages later than `offset`
 * reach the connection as live messages. */
void pusher_cache_ask(struct connection *connection, struct bytes channel,
                      uint64_t offset);

/* Handles a page of the history. */
void pusher_cache_on_history(struct connection *connection,
                             const struct request *request);

/* Call when the channel was left. */
void pusher_cache_drop(struct connection *connection, struct bytes channel);

/* Call when the connection ends. */
void pusher_cache_end(struct connection *connection);

#endif
