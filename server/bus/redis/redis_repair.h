/* redis_repair: delivers a channel's messages in order, and fetches missed
 * ones.
 *
 * Owner:   the channel holds references.
 * Thread:  the bus's
 * Limits:  HELD_MAX messages are held back.
 * Failure: unanswered reads are repeated.
 */
#ifndef PEAL_BUS_REDIS_REPAIR_H
#define PEAL_BUS_REDIS_REPAIR_H

#include "bus/redis/redis_channel_table.h"
#include "bus/redis/redis_envelope.h"

/* Reads the channel's position; then the channel is LIVE. */
void redis_repair_start(struct redis_channel *channel);

/* Call once a second: repeats reads whose answer was lost. */
void redis_repair_resume(struct redis_channel *channel);

/* Handles another message of the channel. */
void redis_repair_take(struct redis_channel *channel,
                       const struct envelope *envelope);

/* Call when messages acknowledged up to that time may be lost: reports a gap,
 * unless one was reported since. */
void redis_repair_doubt(struct redis_channel *channel, int64_t acked_ms);

/* Call when an echo has returned, and so have all earlier pushes. */
void redis_repairs_judge(struct redis_bus *bus, const struct redis_link *link,
                         uint64_t echo);

/* Call when the subscribing link went down. */
void redis_repair_forget(struct redis_channel *channel);

#endif
