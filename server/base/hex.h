/* hex: bytes as lower-case hexadecimal digits.
 *
 * Owner:   nothing is owned.
 * Thread:  any.
 * Limits:  none.
 * Failure: hex_decode returns false for anything that hex_encode cannot
 *          produce.
 */
#ifndef PEAL_BASE_HEX_H
#define PEAL_BASE_HEX_H

#include <stdbool.h>

#include "base/bytes.h"

/* Writes 2 * len digits and a zero. */
void hex_encode(const void *data, size_t len, char *out);

/* Reads `len` bytes; not constant in time. */
bool hex_decode(struct bytes text, void *out, size_t len);

#endif
