/* redis_tickets: tickets, a key each, given to one instance alone.
 *
 * Owner:   takes requests.
 * Thread:  the bus's
 * Limits:  a ticket ends by itself.
 * Failure: a ticket whose answer is lost is lost.
 */
#ifndef PEAL_BUS_REDIS_TICKETS_H
#define PEAL_BUS_REDIS_TICKETS_H

#include "bus/redis/redis_bus.h"

void redis_keep_ticket(struct redis_bus *bus, struct request *request);
void redis_redeem(struct redis_bus *bus, struct request *request);

/* Its name in Redis, as an owned text. */
char *redis_ticket_key(const struct redis_bus *bus,
                       const struct request *request);

#endif
