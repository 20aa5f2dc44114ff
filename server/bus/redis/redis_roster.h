/* redis_roster: who is in a channel, as this instance's subscribers were told.
 *
 * Pub/sub tells who came and who left, but not while its link is down, and a
 * Redis that lost its data tells of everybody again. So what it says is told
 * only if it is news, and after a doubt the list in Redis shows what was
 * missed. A list may be older or newer than what pub/sub has said meanwhile:
 * whoever changed since it was asked for is left as pub/sub has it.
 *
 * After a doubt, somebody missing in the list may be about to be entered again
 * by another instance, and counts as gone only after the time of a lease.
 *
 * Owner:   embedded in a channel of redis_channel_table.h.
 * Thread:  the bus's.
 * Limits:  one entry a member, in channels with `join_leave`.
 * Failure: a list that is lost with the link is read again.
 */
#ifndef PEAL_BUS_REDIS_ROSTER_H
#define PEAL_BUS_REDIS_ROSTER_H

#include "bus/redis/redis_channel_table.h"

/* Somebody came or left, says pub/sub: tells the subscribers if it is news. */
void redis_roster_take(struct redis_channel *channel, struct message *message);

/* Something may have been missed, or lost by Redis. */
void redis_roster_doubt(struct redis_channel *channel);
void redis_rosters_doubt(struct redis_bus *bus);

/* Whether the list is to be read. */
bool redis_roster_is_due(const struct redis_channel *channel, uint64_t now_ms);

/* A list is asked for. Returns what to pass with it. */
uint32_t redis_roster_begin_reading(struct redis_channel *channel);

/* The list came, or NULL. Tells the subscribers of the differences, and makes
 * the list what they know. */
void redis_roster_end_reading(struct redis_channel *channel, uint32_t mark,
                              struct members *list);

void redis_roster_clear(struct redis_roster *roster);

#endif
