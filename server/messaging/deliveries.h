/* deliveries: passes messages from the bus to the workers of this instance's
 * connections.
 *
 * Owner:   arguments are borrowed; deliveries_push takes a reference.
 * Thread:  deliveries_push on the worker's; the others on any.
 * Limits:  none of its own.
 * Failure: none; messages for closed connections are dropped.
 */
#ifndef PEAL_MESSAGING_DELIVERIES_H
#define PEAL_MESSAGING_DELIVERIES_H

#include "messaging/clients.h"

/* A hub_deliver_function: adds the message to the worker's channel. */
void deliveries_push(void *worker, void *message);

/* Posts a message to each connection of the client; returns their number. */
uint32_t deliveries_send(struct clients *clients, const char *id,
                         struct message *message);

/* Unsubscribes each connection of the client from a channel; returns the number
 * of its connections, subscribed or not. */
uint32_t deliveries_remove(struct clients *clients, const char *id,
                           struct bytes channel);

#endif
