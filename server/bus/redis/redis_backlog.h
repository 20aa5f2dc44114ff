/* redis_backlog: requests that wait until Redis is available, ordered by
 * number.
 *
 * Owner:   the backlog owns its requests.
 * Thread:  the bus's
 * Limits:  backlog_messages, enforced by redis_requests.c; backlog_seconds.
 * Failure: requests that wait too long are refused.
 */
#ifndef PEAL_BUS_REDIS_BACKLOG_H
#define PEAL_BUS_REDIS_BACKLOG_H

#include "bus/redis/redis_bus.h"

/* Inserts a request by its number. */
void redis_backlog_add(struct redis_bus *bus, struct request *request);

/* Sets aside a request that was taken, until redis_backlog_resume. */
void redis_backlog_stall(struct redis_bus *bus, struct request *request);

/* Returns the requests set aside to the backlog. */
void redis_backlog_resume(struct redis_bus *bus);

/* Removes the first request; there must be one. */
struct request *redis_backlog_take(struct redis_bus *bus);

/* Refuses requests that have waited too long. */
void redis_expire_backlog(struct redis_bus *bus, uint64_t now_ms);

/* Call first for every answer: true if there is something to read; otherwise
 * the request waits again, or is refused. */
bool redis_is_answered(struct request *request, const struct redisReply *reply);

/* Answers that Redis is unavailable. */
void redis_refuse(struct redis_bus *bus, struct request *request);

/* The same if Redis refuses writes. */
void redis_refuse_write(struct redis_bus *bus, struct request *request);

#endif
