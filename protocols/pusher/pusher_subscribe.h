/* pusher_subscribe: channels of Pusher's protocol: public ones, and private and
 * presence ones, which the application signs.
 *
 * Owner:   texts are borrowed.
 * Thread:  the connection's worker.
 * Limits:  the app's members in a presence channel.
 * Failure: pusher:subscription_error.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_SUBSCRIBE_H
#define PEAL_PROTOCOLS_PUSHER_SUBSCRIBE_H

#include "messaging/request.h"

struct connection;

/* Public ones have none of these beginnings. */
bool pusher_is_private(struct bytes name); /* presence channels too */
bool pusher_is_presence(struct bytes name);

/* A name as Pusher allows it. */
bool pusher_name_is_valid(struct bytes name);

/* Peal's name for a channel of the connection's app; `out` has room for
 * CHANNEL_NAME_MAX bytes. False if it is too long. */
bool pusher_full_name(const struct connection *connection, struct bytes name,
                      char *out, struct bytes *full);

/* `data` is what came with pusher:subscribe, and pusher:unsubscribe. */
void pusher_subscribe(struct connection *connection, struct bytes data);
void pusher_unsubscribe(struct connection *connection, struct bytes data);

void pusher_on_subscribed(struct connection *connection,
                          const struct request *request);
void pusher_on_presence(struct connection *connection,
                        const struct request *request);

#endif
