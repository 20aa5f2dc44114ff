/* json_parts: shared by the scanning and the decoding half of json.h.
 *
 * Owner:   nothing is owned.
 * Thread:  any.
 * Limits:  none.
 * Failure: json_unicode_read returns 0.
 */
#ifndef PEAL_BASE_JSON_PARTS_H
#define PEAL_BASE_JSON_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* The digits of the first whole number that exceeds a double. */
enum { JSON_DOUBLE_DIGITS = 309 };

/* Reads the digits after "\u", and the second escape of a pair; returns their
 * length. Lone surrogates are returned unchanged. 0: invalid.
 */
size_t json_unicode_read(struct bytes text, uint32_t *code);

static inline bool json_is_surrogate(uint32_t code)
{
    return code >= 0xd800 && code <= 0xdfff;
}

/* Whether a valid JSON number is finite as a double. */
bool json_fits_double(struct bytes number);

#endif
