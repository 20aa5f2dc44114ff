/* redis_order: the publishes of this instance in each channel: which were sent
 * and not answered, and the last one that was acknowledged lately.
 *
 * Redis may be exchanged for a server that does not have what was
 * acknowledged (a replica that took over, an address that moved). Then the
 * new server is asked for the last acknowledged message of each channel, and
 * where it is missing, the channel's subscribers everywhere hear of a gap.
 *
 * Owner:   the bus, in `orders`.
 * Thread:  the bus's.
 * Limits:  a channel without publishes under way is kept for KEPT_SECONDS,
 *          and CHANNELS_MAX of them at the most.
 * Failure: a question that is not answered is asked again.
 */
#ifndef PEAL_BUS_REDIS_ORDER_H
#define PEAL_BUS_REDIS_ORDER_H

#include "bus/redis/redis_bus.h"

/* Notes a publish that is sent now. Says how many of the channel are under way
 * with it, and the number of the one before (0: none). */
uint32_t redis_order_begin(struct redis_bus *bus, const char *channel,
                           uint64_t number, uint64_t *before);

/* It was answered; `position` NULL: without being acknowledged. */
void redis_order_end(struct redis_bus *bus, const struct request *request,
                     const struct position *position);

/* Another server serves now: asks it for what was acknowledged. */
void redis_orders_doubt(struct redis_bus *bus);

/* Asks (again), for the channels in doubt. */
void redis_orders_verify(struct redis_bus *bus);

/* Once a second. */
void redis_orders_tick(struct redis_bus *bus);

void redis_orders_free(struct redis_bus *bus);

#endif
