/* pusher_cache: the last event of a cache channel, for whoever subscribes. It
 * is the newest in the channel's history that no client sent.
 *
 * Owner:   the connection, by pusher_client.h, until the history has come.
 * Thread:  the connection's worker.
 * Limits:  one a channel of the connection.
 * Failure: pusher:cache_miss where there is none, or it cannot be told.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_CACHE_H
#define PEAL_PROTOCOLS_PUSHER_CACHE_H

#include "messaging/request.h"

struct connection;

/* Whether the message is one that is kept for those who come. */
bool pusher_cache_keeps(struct bytes event);

/* Asks for the event, of a cache channel that was just subscribed to: later
 * messages than `offset` reach the connection anyway. */
void pusher_cache_ask(struct connection *connection, struct bytes channel,
                      uint64_t offset);

/* A page of the history. */
void pusher_cache_on_history(struct connection *connection,
                             const struct request *request);

/* The channel was left. */
void pusher_cache_drop(struct connection *connection, struct bytes channel);

/* The connection ends. */
void pusher_cache_end(struct connection *connection);

#endif
