/* redis_writes: tracks whether Redis accepts writes. If it is out of memory,
 * unable to save, or read-only, it still serves reads and pub/sub: then writes
 * are refused immediately, because waiting would not help.
 *
 * With Sentinels or a cluster, a read-only server means that a failover is in
 * progress, so requests wait.
 *
 * Owner:   its state is part of the bus.
 * Thread:  the bus's.
 * Limits:  one request per second probes whether writes are still refused.
 * Failure: none.
 */
#ifndef PEAL_BUS_REDIS_WRITES_H
#define PEAL_BUS_REDIS_WRITES_H

#include "bus/redis/redis_bus.h"

/* Whether the request would be refused, so that it need not be sent. */
bool redis_writes_would_refuse(const struct redis_bus *bus,
                               const struct request *request);

/* Whether an error means that writes are refused. */
bool redis_writes_is_refusal(const struct redis_bus *bus,
                             const struct redisReply *reply);

/* The same for an error that requires reconnecting, to learn the server's
 * current role. */
bool redis_writes_is_read_only(const struct redisReply *reply);

void redis_writes_note_refusal(struct redis_bus *bus,
                               const struct redisReply *reply);

/* Call when a write succeeded. */
void redis_writes_note_done(struct redis_bus *bus);

#endif
