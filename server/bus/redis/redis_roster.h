/* redis_roster: the members of a channel as this instance's subscribers know
 * them.
 *
 * Pub/sub reports joins and leaves, but loses them while its link is down, and
 * a Redis that lost its data reports all members again. So only changes that
 * subscribers do not know are delivered, and after a doubt the list in Redis
 * shows what was missed. The list may be older or newer than the last changes:
 * for a client that changed since it was requested, pub/sub counts.
 *
 * After a doubt, another instance may be about to enter its clients again. So a
 * client that the list lacks has left only after the time of a lease.
 *
 * Owner:   embedded in a channel of redis_channel_table.h.
 * Thread:  the bus's.
 * Limits:  one entry a member, in channels with `join_leave`.
 * Failure: a list that is lost with the link is read again.
 */
#ifndef PEAL_BUS_REDIS_ROSTER_H
#define PEAL_BUS_REDIS_ROSTER_H

#include "bus/redis/redis_channel_table.h"

/* Call with a join or leave of pub/sub: delivers it if subscribers do not know
 * it yet. */
void redis_roster_take(struct redis_channel *channel, struct message *message);

/* Call when changes may have been missed, or lost by Redis. */
void redis_roster_doubt(struct redis_channel *channel);
void redis_rosters_doubt(struct redis_bus *bus);

/* Whether the list must be read. */
bool redis_roster_is_due(const struct redis_channel *channel, uint64_t now_ms);

/* Call when a list is requested. Returns the `mark` to pass with it. */
uint32_t redis_roster_begin_reading(struct redis_channel *channel);

/* Call with the list, or NULL if it was lost. Delivers the differences, and
 * corrects the list to what subscribers know. */
void redis_roster_end_reading(struct redis_channel *channel, uint32_t mark,
                              struct members *list);

void redis_roster_clear(struct redis_roster *roster);

#endif
