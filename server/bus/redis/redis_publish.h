/* redis_publish: publishes messages once and in order.
 *
 * Owner:   takes the request.
 * Thread:  the bus's
 * Limits:  those of redis_requests.h.
 * Failure: as redis_is_answered says.
 */
#ifndef PEAL_BUS_REDIS_PUBLISH_H
#define PEAL_BUS_REDIS_PUBLISH_H

#include "bus/redis/redis_bus.h"

/* All instances read the input stream as one consumer of one group: an entry is
 * delivered once, and again if it was not acknowledged for a while, and no dead
 * consumers remain. */
#define REDIS_INPUT_GROUP "peal"

/* Sends a publish. */
void redis_publish(struct redis_bus *bus, struct request *request);

#endif
