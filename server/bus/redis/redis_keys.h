/* redis_keys: the names of keys and channels in Redis.
 *
 * Owner:   returned texts are the caller's.
 * Thread:  any.
 * Limits:  none.
 * Failure: redis_read_channel returns false.
 */
#ifndef PEAL_BUS_REDIS_KEYS_H
#define PEAL_BUS_REDIS_KEYS_H

#include "bus/redis/redis_bus.h"

/* <prefix>{<channel>}:<kind>, as an owned text; the keys of one channel share a
 * slot. */
char *redis_key(const struct redis_bus *bus, const char *channel,
                const char *kind);

/* Reads the channel's name in <prefix>{<name>}:c; false for other texts. */
bool redis_read_channel(const struct redis_bus *bus, struct bytes full,
                        char *name);

/* <prefix><name>, as an owned text. In a cluster <prefix>{peal}:<name>, unless
 * the name contains braces, so that these keys share a slot. */
char *redis_name(const struct redis_bus *bus, const char *name);

/* How long a channel's position is kept after its last use, in seconds. */
uint32_t redis_position_seconds(const struct redis_bus *bus,
                                const char *channel);

#endif
