/* utf8: whether a text, whole or in pieces, is UTF-8 (RFC 3629), as JSON and
 * WebSocket texts must be.
 *
 * Owner:   the caller; a zeroed struct stands between two characters.
 * Thread:  the caller's.
 * Limits:  none.
 * Failure: false at the first byte that no continuation could make good.
 */
#ifndef PEAL_BASE_UTF8_H
#define PEAL_BASE_UTF8_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct utf8 {
    uint8_t missing; /* bytes of a character that are to come */
    uint8_t low;     /* the next of them is at least this, */
    uint8_t high;    /* and at most this */
};

bool utf8_check(struct utf8 *state, struct bytes piece);

/* The text may end here: no character is cut off. */
static inline bool utf8_is_whole(const struct utf8 *state)
{
    return state->missing == 0;
}

/* A whole text. */
static inline bool utf8_is_valid(struct bytes text)
{
    struct utf8 state = {0};
    return utf8_check(&state, text) && utf8_is_whole(&state);
}

#endif
