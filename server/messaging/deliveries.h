/* deliveries: what the bus brings for the connections of this instance, handed
 * to their workers.
 *
 * Owner:   borrows what it is given; deliveries_push takes a reference.
 * Thread:  deliveries_push on the worker's; the others on any.
 * Limits:  none of its own.
 * Failure: none; what comes for a connection that is gone ends here.
 */
#ifndef PEAL_MESSAGING_DELIVERIES_H
#define PEAL_MESSAGING_DELIVERIES_H

#include "messaging/clients.h"

/* A hub_deliver_function: adds the message to the worker's channel. */
void deliveries_push(void *worker, void *message);

/* Posts a message to each connection of the client; how many they are. */
uint32_t deliveries_send(struct clients *clients, const char *id,
                         struct message *message);

/* Takes a channel away from each connection of the client; how many
 * connections it has, with the channel or without. */
uint32_t deliveries_remove(struct clients *clients, const char *id,
                           struct bytes channel);

#endif
