/* redis_channel: subscribers of a channel, and its subscription to Redis.
 *
 * Owner:   creates and frees the channels of redis_channel_table.h.
 * Thread:  the bus's
 * Limits:  limits.channels.
 * Failure: subscribers that wait too long are refused.
 */
#ifndef PEAL_BUS_REDIS_CHANNEL_H
#define PEAL_BUS_REDIS_CHANNEL_H

#include "bus/redis/redis_bus.h"

void redis_channel_subscribe(struct redis_bus *bus, struct request *request);
/* Reads more messages that a subscriber missed. */
void redis_channel_recover(struct redis_bus *bus, struct request *request);

void redis_channel_unsubscribe(struct redis_bus *bus, struct request *request);

/* Call when pub/sub pushed a channel's message or confirmed a subscription. */
void redis_channel_on_message(struct redis_bus *bus, const char *name,
                              struct bytes text);
void redis_channel_on_confirmed(struct redis_bus *bus, const char *name);

/* Call when a cluster moved a slot, or refused unspecified subscriptions. */
void redis_channels_moved(struct redis_bus *bus);
void redis_channels_refused(struct redis_bus *bus);

/* Call when a subscription ended. Returns whether the server ended it. */
bool redis_channel_on_unsubscribed(struct redis_bus *bus, const char *name);

/* Call when a subscribing link came up or went down. */
void redis_channels_subscribe_again(struct redis_bus *bus);
void redis_channels_forget(struct redis_bus *bus);

/* Call when the command link works again: retries failed reads. */
void redis_channels_read_again(struct redis_bus *bus);

/* Call each turn: compares outdated channels with Redis. */
void redis_channels_compare(struct redis_bus *bus);

/* Call at the end of each turn: sends gathered subscriptions. */
void redis_channels_turn(struct redis_bus *bus);

/* Call once a second. */
void redis_channels_tick(struct redis_bus *bus, uint64_t now_ms);

void redis_channels_free(struct redis_bus *bus);

#endif
