/* epoch: encodes and orders channel epochs: 16 lower-case hexadecimal digits,
 * for clients and in Redis. Redis may fall back to an earlier epoch (an old
 * snapshot, a former master elected again), so epochs begin with the time, and
 * a new one is greater than earlier ones.
 *
 * Owner:   nothing is owned.
 * Thread:  any.
 * Limits:  exactly EPOCH_LEN characters. Epochs of different machines are
 *          ordered as far as their clocks agree.
 * Failure: epoch_decode accepts only what epoch_encode writes.
 */
#ifndef PEAL_MESSAGING_EPOCH_H
#define PEAL_MESSAGING_EPOCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

enum { EPOCH_LEN = 16 };

/* Writes the epoch, zero-terminated. */
void epoch_encode(uint64_t epoch, char out[EPOCH_LEN + 1]);

/* A new epoch, greater than `known` regardless of the clock. 0: none known. */
uint64_t epoch_after(uint64_t known);

bool epoch_decode(struct bytes text, uint64_t *epoch);

#endif
