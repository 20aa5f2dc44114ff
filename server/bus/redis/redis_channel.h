/* redis_channel: who subscribes to a channel, and the subscription to Redis
 * behind that.
 *
 * Owner:   makes and frees the channels of redis_channel_table.h.
 * Thread:  the bus's
 * Limits:  limits.channels.
 * Failure: a subscriber that waits too long is refused.
 */
#ifndef PEAL_BUS_REDIS_CHANNEL_H
#define PEAL_BUS_REDIS_CHANNEL_H

#include "bus/redis/redis_bus.h"

void redis_channel_subscribe(struct redis_bus *bus, struct request *request);
/* More of what a subscriber missed. */
void redis_channel_recover(struct redis_bus *bus, struct request *request);

void redis_channel_unsubscribe(struct redis_bus *bus, struct request *request);

/* Pub/sub pushed a channel's message, or confirmed its subscription. */
void redis_channel_on_message(struct redis_bus *bus, const char *name,
                              struct bytes text);
void redis_channel_on_confirmed(struct redis_bus *bus, const char *name);

/* A cluster says that a slot is elsewhere, refused subscriptions without saying
 * which, or took one away. */
void redis_channels_moved(struct redis_bus *bus);
void redis_channels_refused(struct redis_bus *bus);
void redis_channel_on_unsubscribed(struct redis_bus *bus, const char *name);

/* A link that subscribes came up or went down. */
void redis_channels_subscribe_again(struct redis_bus *bus);
void redis_channels_forget(struct redis_bus *bus);

/* The link for commands is serving again: reads that failed are tried. */
void redis_channels_read_again(struct redis_bus *bus);

/* Each turn: channels that were found outdated are compared with Redis. */
void redis_channels_compare(struct redis_bus *bus);

/* The end of each turn: subscriptions that it has gathered are sent. */
void redis_channels_turn(struct redis_bus *bus);

/* Once a second. */
void redis_channels_tick(struct redis_bus *bus, uint64_t now_ms);

void redis_channels_free(struct redis_bus *bus);

#endif
