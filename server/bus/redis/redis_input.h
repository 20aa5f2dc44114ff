/* redis_input: what backends put straight into Redis.
 *
 * Owner:   nothing.
 * Thread:  the bus's
 * Limits:  no more is taken than the backlog has room for.
 * Failure: malformed entries are set aside.
 */
#ifndef PEAL_BUS_REDIS_INPUT_H
#define PEAL_BUS_REDIS_INPUT_H

#include "bus/redis/redis_bus.h"

void redis_input_on_up(void *arg);
void redis_input_tick(struct redis_bus *bus);
void redis_input_on_message(struct redis_bus *bus, struct bytes channel,
                            struct bytes payload);

/* Another instance may have the lease at once. */
void redis_input_farewell(struct redis_bus *bus);

#endif
