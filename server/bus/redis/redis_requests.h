/* redis_requests: executes bus requests in Redis.
 *
 * Owner:   takes requests.
 * Thread:  the bus's
 * Limits:  IN_FLIGHT_MAX in flight; backlog_messages waiting.
 * Failure: the request is refused with a fault.
 */
#ifndef PEAL_BUS_REDIS_REQUESTS_H
#define PEAL_BUS_REDIS_REQUESTS_H

#include "bus/redis/redis_bus.h"

/* Takes the request. */
void redis_serve(struct redis_bus *bus, struct request *request);

/* Sends waiting requests, as far as Redis keeps up. */
void redis_pump(struct redis_bus *bus);

#endif
