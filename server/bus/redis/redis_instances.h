/* redis_instances: reports of all instances, for dashboards.
 *
 * Owner:   takes requests.
 * Thread:  the bus's
 * Limits:  256 instances are listed.
 * Failure: lost reports are sent again with the next heartbeat.
 */
#ifndef PEAL_BUS_REDIS_INSTANCES_H
#define PEAL_BUS_REDIS_INSTANCES_H

#include "bus/redis/redis_bus.h"

void redis_instances_tell(struct redis_bus *bus);
void redis_instances_forget(struct redis_bus *bus, const char *id);
void redis_instances_list(struct redis_bus *bus, struct request *request);

#endif
