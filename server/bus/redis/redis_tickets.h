/* redis_tickets: tickets, one key each, redeemed by a single instance.
 *
 * Owner:   takes requests.
 * Thread:  the bus's
 * Limits:  tickets expire.
 * Failure: a ticket whose answer is lost is lost.
 */
#ifndef PEAL_BUS_REDIS_TICKETS_H
#define PEAL_BUS_REDIS_TICKETS_H

#include "bus/redis/redis_bus.h"

void redis_keep_ticket(struct redis_bus *bus, struct request *request);
void redis_redeem(struct redis_bus *bus, struct request *request);

/* A ticket's key in Redis, as an owned text. */
char *redis_ticket_key(const struct redis_bus *bus,
                       const struct request *request);

#endif
