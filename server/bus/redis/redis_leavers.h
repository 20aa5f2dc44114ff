/* redis_leavers: clients that left a channel on this instance and may be back
 * soon, on whichever instance.
 *
 * Redis holds them as members under an instance that does not exist, until
 * somebody comes who says that their time is over (presence.lua). That is the
 * instance they left; should it die or end, whoever buries it.
 *
 * Owner:   the bus; redis_leavers_free frees them.
 * Thread:  the bus's.
 * Limits:  one entry for each time that a client leaves a channel, until it is
 *          due.
 * Failure: asked again until Redis has answered.
 */
#ifndef PEAL_BUS_REDIS_LEAVERS_H
#define PEAL_BUS_REDIS_LEAVERS_H

#include "bus/redis/redis_bus.h"

/* The instance under which Redis holds them; no other has this id. */
#define REDIS_LEAVERS_ID "0000000000000000"

/* Asks in so many milliseconds whether the client has left. */
void redis_leavers_add(struct redis_bus *bus, const char *channel,
                       const char *client, uint64_t wait_ms);

/* Whether somebody is waited for in the channel, or in any. */
bool redis_leavers_wait_in(const struct redis_bus *bus, const char *channel);
bool redis_leavers_wait(const struct redis_bus *bus);

/* Enters the channels under this instance's id, which is new. */
void redis_leavers_tell_all(struct redis_bus *bus);

void redis_leavers_tick(struct redis_bus *bus, uint64_t now_ms);

/* After the links: what they still answer needs the entries. */
void redis_leavers_free(struct redis_bus *bus);

#endif
