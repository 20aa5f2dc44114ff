/* redis_leavers: clients that left a channel on this instance and may return to
 * any instance within the grace period.
 *
 * Redis keeps them as members of a pseudo instance, until presence.lua is
 * called when their grace period is over: by the instance they left or, if it
 * has died or ended, by the instance that buries it.
 *
 * Owner:   the bus; redis_leavers_free frees them.
 * Thread:  the bus's.
 * Limits:  one entry per client and channel left, until it is due.
 * Failure: retried until Redis has answered.
 */
#ifndef PEAL_BUS_REDIS_LEAVERS_H
#define PEAL_BUS_REDIS_LEAVERS_H

#include "bus/redis/redis_bus.h"

/* The pseudo instance's id. */
#define REDIS_LEAVERS_ID "0000000000000000"

/* Checks after the given milliseconds whether the client has left. */
void redis_leavers_add(struct redis_bus *bus, const char *channel,
                       const char *client, uint64_t wait_ms);

/* Whether any client is waited for in the channel, or in any channel. */
bool redis_leavers_wait_in(const struct redis_bus *bus, const char *channel);
bool redis_leavers_wait(const struct redis_bus *bus);

/* Registers the channels under this instance's new id. */
void redis_leavers_tell_all(struct redis_bus *bus);

void redis_leavers_tick(struct redis_bus *bus, uint64_t now_ms);

/* Call after the links were freed: their last answers need the entries. */
void redis_leavers_free(struct redis_bus *bus);

#endif
