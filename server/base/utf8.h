/* utf8: validates UTF-8 (RFC 3629), whole or in pieces, as JSON and WebSocket
 * texts require.
 *
 * Owner:   the caller; a zeroed struct is the state between two characters.
 * Thread:  the caller's.
 * Limits:  none.
 * Failure: false at the first byte that no continuation can make valid.
 */
#ifndef PEAL_BASE_UTF8_H
#define PEAL_BASE_UTF8_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct utf8 {
    uint8_t missing; /* missing bytes of a character */
    uint8_t low;     /* the next of them is at least this, */
    uint8_t high;    /* and at most this */
};

bool utf8_check(struct utf8 *state, struct bytes piece);

/* Whether the text may end here: no character is incomplete. */
static inline bool utf8_is_whole(const struct utf8 *state)
{
    return state->missing == 0;
}

/* Validates a whole text. */
static inline bool utf8_is_valid(struct bytes text)
{
    struct utf8 state = {0};
    return utf8_check(&state, text) && utf8_is_whole(&state);
}

#endif
