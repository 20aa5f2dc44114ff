/* redis_repair: the messages of a channel in their order, and what was missed
 * of them.
 *
 * Owner:   the channel holds references.
 * Thread:  the bus's
 * Limits:  HELD_MAX messages are held back.
 * Failure: what Redis does not answer is asked again.
 */
#ifndef PEAL_BUS_REDIS_REPAIR_H
#define PEAL_BUS_REDIS_REPAIR_H

#include "bus/redis/redis_channel_table.h"
#include "bus/redis/redis_envelope.h"

/* Asks where the channel stands; it is LIVE when that is known. */
void redis_repair_start(struct redis_channel *channel);

/* Asks again, where the answer was lost; once a second. */
void redis_repair_resume(struct redis_channel *channel);

/* Another message of the channel. */
void redis_repair_take(struct redis_channel *channel,
                       const struct envelope *envelope);

/* What was acknowledged up to that time may be lost: tells a gap, unless one
 * was told since. */
void redis_repair_doubt(struct redis_channel *channel, int64_t acked_ms);

/* An echo came back, and so did everything that was pushed before it. */
void redis_repairs_judge(struct redis_bus *bus, const struct redis_link *link,
                         uint64_t echo);

/* The link that subscribes went down. */
void redis_repair_forget(struct redis_channel *channel);

#endif
