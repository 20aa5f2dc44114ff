/* redis_subscribe: batched commands that subscribe to channels and unsubscribe
 * from them.
 *
 * Subscriptions are gathered until the end of a turn of the loop and then sent
 * together: in a cluster one command per slot, otherwise one for as many as
 * fit.
 *
 * Owner:   the bus; channels are borrowed, and must not be freed while
 *          gathered.
 * Thread:  the bus's.
 * Limits:  a command has at most GROUP_MAX channels and GROUP_BYTES.
 * Failure: commands to a link that is down are dropped; redis_channel.c
 *          subscribes again when it is up.
 */
#ifndef PEAL_BUS_REDIS_SUBSCRIBE_H
#define PEAL_BUS_REDIS_SUBSCRIBE_H

#include "bus/redis/redis_channel_table.h"

/* Subscribes at the end of the turn, at the channel's link at that time, unless
 * it is UNSUBSCRIBED again by then. */
void redis_subscribe_later(struct redis_channel *channel);

/* Call at the end of the turn. */
void redis_subscribe_gathered(struct redis_bus *bus);

/* Unsubscribes immediately; reorders the channels. */
void redis_unsubscribe(struct redis_bus *bus, struct redis_channel **channels,
                       size_t count);

#endif
