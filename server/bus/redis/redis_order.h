/* redis_order: this instance's publishes in each channel: those in flight, and
 * the last acknowledged one.
 *
 * Redis may be replaced by a server that lacks acknowledged messages (a
 * promoted replica, an address that moved). Then the new server is queried for
 * the last acknowledged message of each channel; if it is missing, a gap is
 * reported to the channel's subscribers on all instances.
 *
 * Owner:   the bus, in `orders`.
 * Thread:  the bus's.
 * Limits:  a channel without publishes in flight is kept for KEPT_SECONDS, at
 *          most CHANNELS_MAX of them.
 * Failure: unanswered queries are repeated.
 */
#ifndef PEAL_BUS_REDIS_ORDER_H
#define PEAL_BUS_REDIS_ORDER_H

#include "bus/redis/redis_bus.h"

/* Records a publish that is being sent. Returns the number of the channel's
 * publishes in flight, and the number of the previous one (0: none). */
uint32_t redis_order_begin(struct redis_bus *bus, const char *channel,
                           uint64_t number, uint64_t *before);

/* Records an answer; `position` NULL: not acknowledged. */
void redis_order_end(struct redis_bus *bus, const struct request *request,
                     const struct position *position);

/* Call when another server is in use: checks it for acknowledged messages. */
void redis_orders_doubt(struct redis_bus *bus);

/* Queries, again if necessary, the channels in doubt. */
void redis_orders_verify(struct redis_bus *bus);

/* Call once a second. */
void redis_orders_tick(struct redis_bus *bus);

void redis_orders_free(struct redis_bus *bus);

#endif
