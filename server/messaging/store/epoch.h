/* epoch: how the epoch of a channel is written: 16 small hexadecimal digits,
 * towards clients and in Redis; and which of two came later. Redis may fall
 * back to an epoch that was over (an old snapshot, a former master that is
 * chosen again), so a new one is greater than those before it: it begins with
 * the time.
 *
 * Owner:   nothing is owned.
 * Thread:  any.
 * Limits:  EPOCH_LEN characters, no more and no less. Epochs that two machines
 *          make are in order as far as their clocks agree.
 * Failure: epoch_decode takes nothing that epoch_encode would not write.
 */
#ifndef PEAL_MESSAGING_EPOCH_H
#define PEAL_MESSAGING_EPOCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

enum { EPOCH_LEN = 16 };

/* Writes the epoch, zero-terminated. */
void epoch_encode(uint64_t epoch, char out[EPOCH_LEN + 1]);

/* A new one; it comes after `known`, whatever the clock says. 0: none is known.
 */
uint64_t epoch_after(uint64_t known);

bool epoch_decode(struct bytes text, uint64_t *epoch);

#endif
