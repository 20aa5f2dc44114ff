/* redis_control: requests about one client sent to every instance.
 *
 * Owner:   takes requests.
 * Thread:  the bus's
 * Limits:  none of its own.
 * Failure: an instance that is not subscribed at that moment misses it.
 */
#ifndef PEAL_BUS_REDIS_CONTROL_H
#define PEAL_BUS_REDIS_CONTROL_H

#include "bus/redis/redis_bus.h"

void redis_control_on_message(struct redis_bus *bus, struct bytes text);

/* Each sends a request of its kind. */
void redis_direct(struct redis_bus *bus, struct request *request);
void redis_disconnect(struct redis_bus *bus, struct request *request);
void redis_remove(struct redis_bus *bus, struct request *request);

#endif
