/* redis_recovery: subscribers that wait for their answer, with what they
 * missed.
 *
 * Owner:   takes requests.
 * Thread:  the bus's
 * Limits:  backlog_seconds, kept by redis_channel.c.
 * Failure: an answer says whether everything missed was found.
 */
#ifndef PEAL_BUS_REDIS_RECOVERY_H
#define PEAL_BUS_REDIS_RECOVERY_H

#include "bus/redis/redis_channel_table.h"

/* Waits for its answer, behind the others. */
void redis_recovery_wait(struct redis_channel *channel,
                         struct request *request);

/* The same, and answers what can be answered now. */
void redis_recovery_add(struct redis_channel *channel, struct request *request);

/* All that wait, in their order; nothing waits then. */
struct request *redis_recovery_take(struct redis_channel *channel);

/* Answers who waits, as far as that is possible now. */
void redis_recovery_serve(struct redis_channel *channel);

#endif
