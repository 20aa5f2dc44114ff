/* redis_slots: computes the Redis Cluster slot of a key.
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

/* CRC16 (XMODEM) of the key, or of the text between its first braces. */
uint16_t redis_slot_of(struct bytes key);

/* The number of slots of a table with that value. */
uint32_t redis_slots_count(const uint16_t slots[REDIS_SLOTS], uint16_t value);

#endif
