/* redis_presence: members of channels on all instances.
 *
 * Owner:   nothing.
 * Thread:  the bus's
 * Limits:  none of its own.
 * Failure: updates lost with the link are sent again after a reconnect.
 */
#ifndef PEAL_BUS_REDIS_PRESENCE_H
#define PEAL_BUS_REDIS_PRESENCE_H

#include "bus/redis/redis_bus.h"

/* Call when a client's connections in a channel of this instance changed. */
void redis_presence_set(struct redis_bus *bus, const char *channel,
                        const char *client, uint32_t connections,
                        struct bytes info);

/* Call when the channel has no members on this instance. */
void redis_presence_forget(struct redis_bus *bus, const char *channel);

#endif
