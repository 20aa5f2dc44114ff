/* redis_slots: the slots of a Redis Cluster: which slot a key is in.
 *
 * Owner:   nothing is owned.
 * Thread:  any.
 * Limits:  REDIS_SLOTS.
 * Failure: none.
 */
#ifndef PEAL_BUS_REDIS_SLOTS_H
#define PEAL_BUS_REDIS_SLOTS_H

#include <stdint.h>

#include "base/bytes.h"

enum { REDIS_SLOTS = 16384 };

/* CRC16 (XMODEM) of the key, or of what stands between its first braces. */
uint16_t redis_slot_of(struct bytes key);

/* How many slots of a table have that value. */
uint32_t redis_slots_count(const uint16_t slots[REDIS_SLOTS], uint16_t value);

#endif
