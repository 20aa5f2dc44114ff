/* redis_subscribe: commands that subscribe to channels, and unsubscribe from
 * them, for many channels at once.
 *
 * Subscriptions are gathered until the end of a turn of the loop and then sent
 * together: in a cluster one command for the channels of a slot, else one for
 * as many as fit.
 *
 * Owner:   the bus; channels are borrowed, and not freed while gathered.
 * Thread:  the bus's.
 * Limits:  a command has GROUP_MAX channels and GROUP_BYTES at the most.
 * Failure: what is sent to a link that is down is dropped; redis_channel.c
 *          subscribes again when it is up.
 */
#ifndef PEAL_BUS_REDIS_SUBSCRIBE_H
#define PEAL_BUS_REDIS_SUBSCRIBE_H

#include "bus/redis/redis_channel_table.h"

/* Subscribes at the end of the turn, at the channel's link of that time,
 * unless it is UNSUBSCRIBED again by then. */
void redis_subscribe_later(struct redis_channel *channel);

/* The end of the turn. */
void redis_subscribe_gathered(struct redis_bus *bus);

/* Unsubscribes now; the order of the channels changes. */
void redis_unsubscribe(struct redis_bus *bus, struct redis_channel **channels,
                       size_t count);

#endif
