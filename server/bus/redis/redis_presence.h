/* redis_presence: who is where, over all instances.
 *
 * Owner:   nothing.
 * Thread:  the bus's
 * Limits:  none of its own.
 * Failure: what is lost with the link is told again when Redis is back.
 */
#ifndef PEAL_BUS_REDIS_PRESENCE_H
#define PEAL_BUS_REDIS_PRESENCE_H

#include "bus/redis/redis_bus.h"

/* A client's connections in a channel of this instance changed. */
void redis_presence_set(struct redis_bus *bus, const char *channel,
                        const char *client, uint32_t connections,
                        struct bytes info);

/* Nobody here is in that channel any more. */
void redis_presence_forget(struct redis_bus *bus, const char *channel);

#endif
