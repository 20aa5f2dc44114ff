/* redis_requests: what clients ask for, from the request to Redis and back.
 *
 * Owner:   takes requests.
 * Thread:  the bus's
 * Limits:  IN_FLIGHT_MAX sent and not answered; backlog_messages wait.
 * Failure: a request is refused with a fault.
 */
#ifndef PEAL_BUS_REDIS_REQUESTS_H
#define PEAL_BUS_REDIS_REQUESTS_H

#include "bus/redis/redis_bus.h"

/* Takes the request. */
void redis_serve(struct redis_bus *bus, struct request *request);

/* Sends what waits, as far as Redis keeps up. */
void redis_pump(struct redis_bus *bus);

#endif
