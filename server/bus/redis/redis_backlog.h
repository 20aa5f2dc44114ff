/* redis_backlog: requests that wait until Redis serves, in the order of their
 * numbers.
 *
 * Owner:   the backlog owns what waits in it.
 * Thread:  the bus's
 * Limits:  backlog_messages, kept by redis_requests.c; backlog_seconds.
 * Failure: what has waited too long is refused.
 */
#ifndef PEAL_BUS_REDIS_BACKLOG_H
#define PEAL_BUS_REDIS_BACKLOG_H

#include "bus/redis/redis_bus.h"

/* Puts a request where it belongs among the waiting, by its number. */
void redis_backlog_add(struct redis_bus *bus, struct request *request);

/* Puts aside one that was taken, until redis_backlog_resume. */
void redis_backlog_stall(struct redis_bus *bus, struct request *request);

/* Those that were put aside wait with the others again. */
void redis_backlog_resume(struct redis_bus *bus);

/* Takes the first; there must be one. */
struct request *redis_backlog_take(struct redis_bus *bus);

/* Refuses what has waited too long. */
void redis_expire_backlog(struct redis_bus *bus, uint64_t now_ms);

/* Every answer begins here: true when there is something to read; else the
 * request waits again, or is refused. */
bool redis_is_answered(struct request *request, const struct redisReply *reply);

/* Answers that Redis could not. */
void redis_refuse(struct redis_bus *bus, struct request *request);

/* The same where Redis takes nothing that is written. */
void redis_refuse_write(struct redis_bus *bus, struct request *request);

#endif
