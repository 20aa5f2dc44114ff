/* redis_recovery: subscribers waiting for their answer with missed messages.
 *
 * Owner:   takes requests.
 * Thread:  the bus's
 * Limits:  backlog_seconds, enforced by redis_channel.c.
 * Failure: the answer tells whether all missed messages were found.
 */
#ifndef PEAL_BUS_REDIS_RECOVERY_H
#define PEAL_BUS_REDIS_RECOVERY_H

#include "bus/redis/redis_channel_table.h"

/* Queues a subscriber. */
void redis_recovery_wait(struct redis_channel *channel,
                         struct request *request);

/* The same, and answers all that can be answered now. */
void redis_recovery_add(struct redis_channel *channel, struct request *request);

/* Removes and returns all waiting requests, in order. */
struct request *redis_recovery_take(struct redis_channel *channel);

/* Answers waiting requests, as far as possible now. */
void redis_recovery_serve(struct redis_channel *channel);

#endif
