/* redis_receive: dispatches the messages of a subscribing link.
 *
 * Owner:   the reply is borrowed.
 * Thread:  the bus's.
 * Limits:  none.
 * Failure: malformed messages are ignored.
 */
#ifndef PEAL_BUS_REDIS_RECEIVE_H
#define PEAL_BUS_REDIS_RECEIVE_H

#include "bus/redis/redis_bus.h"

struct redisReply;

/* A redis_answer; `bus` is the struct redis_bus. */
void redis_receive(void *bus, const struct redisReply *reply);

#endif
