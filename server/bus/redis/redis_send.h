/* redis_send: commands sent to the node that has their key. In a cluster each
 * is kept until it is answered: when its slot has moved, or is on the move, it
 * is sent again, elsewhere or a moment later.
 *
 * Owner:   words are borrowed for the call.
 * Thread:  the bus's.
 * Limits:  TRIES; what is in flight is bounded by whoever sends.
 * Failure: as redis_link_send: NULL for what may or may not have been done.
 */
#ifndef PEAL_BUS_REDIS_SEND_H
#define PEAL_BUS_REDIS_SEND_H

#include "bus/redis/redis_bus.h"

/* The key is the second word. */
void redis_send(struct redis_bus *bus, const struct bytes *words, size_t count,
                redis_answer *answer, void *arg);

/* The key is another one. */
void redis_send_by_key(struct redis_bus *bus, struct bytes key,
                       const struct bytes *words, size_t count,
                       redis_answer *answer, void *arg);

/* Answers what waits to be sent again with NULL. */
void redis_send_stop(struct redis_bus *bus);

/* Whether the server that has this key is reached and heard. */
bool redis_serves_key(const struct redis_bus *bus, struct bytes key);

/* The link that subscribes to channels of a slot; NULL: none yet. Without a
 * cluster all slots have the same one. */
struct redis_link *redis_subscriptions_of(struct redis_bus *bus, uint16_t slot);

#endif
