/* pusher_subscribe: channels of Pusher's protocol: public ones, and private and
 * presence ones, which the application signs.
 *
 * Owner:   texts are borrowed.
 * Thread:  the connection's worker.
 * Limits:  the app's limit of members in a presence channel.
 * Failure: pusher:subscription_error.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_SUBSCRIBE_H
#define PEAL_PROTOCOLS_PUSHER_SUBSCRIBE_H

#include "messaging/request.h"

struct connection;

/* `data` is the data of pusher:subscribe or pusher:unsubscribe. */
void pusher_subscribe(struct connection *connection, struct bytes data);
void pusher_unsubscribe(struct connection *connection, struct bytes data);

void pusher_on_subscribed(struct connection *connection,
                          const struct request *request);
void pusher_on_presence(struct connection *connection,
                        const struct request *request);

#endif
