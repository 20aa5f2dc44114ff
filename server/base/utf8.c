#include "base/utf8.h"

#include <stdint.h>

/* The length of the sequence that starts at `at`, 0 when it is none. The
 * smallest code point a length may hold refuses overlong forms. */
static size_t sequence_len(const unsigned char *at, size_t left)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (*at < 0x80)
        return 1;
    size_t len = *at >= 0xf0 ? 4 : *at >= 0xe0 ? 3 : 2;
    uint32_t code = *at & (0x7fU >> len);
    for (size_t i = 1; i < len; i++) {
        if (i == left || (at[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (at[i] & 0x3f);
    }
    bool surrogate = code >= 0xd800 && code <= 0xdfff;
    bool valid = *at >= 0xc2 && *at < 0xf8 && code >= smallest[len] &&
                 code <= 0x10ffff && !surrogate;
    return valid ? len : 0;
}

bool utf8_is_valid(struct bytes text)
{
    const unsigned char *at = (const unsigned char *)text.data;
    for (size_t left = text.len; left;) {
        size_t len = sequence_len(at, left);
        if (!len)
            return false;
        at += len;
        left -= len;
    }
    return true;
}
