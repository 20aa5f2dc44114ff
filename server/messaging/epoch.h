/* epoch: how the epoch of a channel is written: 16 small hexadecimal digits,
 * towards clients and in Redis.
 *
 * Owner:   nothing is owned.
 * Thread:  any.
 * Limits:  EPOCH_LEN characters, no more and no less.
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

bool epoch_decode(struct bytes text, uint64_t *epoch);

#endif
