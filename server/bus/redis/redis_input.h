/* redis_input: reads messages that backends write directly to Redis.
 *
 * Owner:   nothing.
 * Thread:  the bus's
 * Limits:  the room in the backlog.
 * Failure: malformed entries are set aside.
 */
#ifndef PEAL_BUS_REDIS_INPUT_H
#define PEAL_BUS_REDIS_INPUT_H

#include "bus/redis/redis_bus.h"

void redis_input_on_up(void *arg);
void redis_input_tick(struct redis_bus *bus);
void redis_input_on_message(struct redis_bus *bus, struct bytes channel,
                            struct bytes payload);

/* Releases the lease for other instances. */
void redis_input_farewell(struct redis_bus *bus);

#endif
