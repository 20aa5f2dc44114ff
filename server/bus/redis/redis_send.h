/* redis_send: sends commands to the node that has their key. In a cluster each
 * command is kept until it is answered: if its slot has moved, or is being
 * moved, it is sent again, to another node or a moment later.
 *
 * Owner:   words are borrowed for the call.
 * Thread:  the bus's.
 * Limits:  TRIES; callers bound the commands in flight.
 * Failure: as redis_link_send: NULL for a command that may or may not have been
 *          executed.
 */
#ifndef PEAL_BUS_REDIS_SEND_H
#define PEAL_BUS_REDIS_SEND_H

#include "bus/redis/redis_bus.h"

/* The key is the second word. */
void redis_send(struct redis_bus *bus, const struct bytes *words, size_t count,
                redis_answer *answer, void *arg);

/* The key is given separately. */
void redis_send_by_key(struct redis_bus *bus, struct bytes key,
                       const struct bytes *words, size_t count,
                       redis_answer *answer, void *arg);

/* Answers commands waiting to be resent with NULL. */
void redis_send_stop(struct redis_bus *bus);

/* Whether the server that has this key is proven. */
bool redis_serves_key(const struct redis_bus *bus, struct bytes key);

/* The link for subscriptions in a slot; NULL: none yet. Without a cluster, all
 * slots share one. */
struct redis_link *redis_subscriptions_of(struct redis_bus *bus, uint16_t slot);

#endif
