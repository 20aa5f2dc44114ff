/* redis_writes: whether Redis takes what is written. Out of memory, unable to
 * save, or read-only, it still serves reads and pub/sub: then what would be
 * written is refused at once, as waiting would not help.
 *
 * With Sentinels or a cluster a read-only server is a failover under way, and
 * is waited for.
 *
 * Owner:   its state is part of the bus.
 * Thread:  the bus's.
 * Limits:  one request a second finds out whether it still holds.
 * Failure: none.
 */
#ifndef PEAL_BUS_REDIS_WRITES_H
#define PEAL_BUS_REDIS_WRITES_H

#include "bus/redis/redis_bus.h"

/* Whether the request would be refused, and need not be sent. */
bool redis_writes_would_refuse(const struct redis_bus *bus,
                               const struct request *request);

/* Whether that is what an error says. */
bool redis_writes_is_refusal(const struct redis_bus *bus,
                             const struct redisReply *reply);

/* The same of one that is best answered by a new connection, which asks what
 * the server is now. */
bool redis_writes_is_read_only(const struct redisReply *reply);

void redis_writes_note_refusal(struct redis_bus *bus,
                               const struct redisReply *reply);

/* Something was written. */
void redis_writes_note_done(struct redis_bus *bus);

#endif
