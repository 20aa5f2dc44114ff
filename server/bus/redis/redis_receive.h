/* redis_receive: takes what Redis says to a link that subscribes to whom it
 * concerns.
 *
 * Owner:   the reply is borrowed.
 * Thread:  the bus's.
 * Limits:  none.
 * Failure: what is not understood is passed over.
 */
#ifndef PEAL_BUS_REDIS_RECEIVE_H
#define PEAL_BUS_REDIS_RECEIVE_H

#include "bus/redis/redis_bus.h"

struct redisReply;

/* A redis_answer; `bus` is the struct redis_bus. */
void redis_receive(void *bus, const struct redisReply *reply);

#endif
