#include "base/utf8.h"

/* The number of leading ASCII bytes, eight at a time, as most text is ASCII. */
static size_t ascii_length(struct bytes text)
{
    size_t at = 0;
    for (; at + sizeof(uint64_t) <= text.len; at += sizeof(uint64_t)) {
        uint64_t eight;
        memcpy(&eight, text.data + at, sizeof eight);
        if (eight & UINT64_C(0x8080808080808080))
            break;
    }
    while (at < text.len && !(text.data[at] & 0x80))
        at++;
    return at;
}

/* RFC 3629 section 4: valid lead bytes and ranges of the next byte. The ranges
 * exclude overlong forms (e0, f0), surrogates (ed), and values above 10ffff
 * (f4). */
static bool take_lead(struct utf8 *state, uint8_t lead)
{
    static const struct {
        uint8_t first, last;
        struct utf8 follow;
    } leads[] = {
        {0xc2, 0xdf, {1, 0x80, 0xbf}}, {0xe0, 0xe0, {2, 0xa0, 0xbf}},
        {0xe1, 0xec, {2, 0x80, 0xbf}}, {0xed, 0xed, {2, 0x80, 0x9f}},
        {0xee, 0xef, {2, 0x80, 0xbf}}, {0xf0, 0xf0, {3, 0x90, 0xbf}},
        {0xf1, 0xf3, {3, 0x80, 0xbf}}, {0xf4, 0xf4, {3, 0x80, 0x8f}},
    };
    for (size_t i = 0; i < sizeof leads / sizeof *leads; i++)
        if (lead >= leads[i].first && lead <= leads[i].last) {
            *state = leads[i].follow;
            return true;
        }
    return false;
}

static bool take_follower(struct utf8 *state, uint8_t byte)
{
    if (byte < state->low || byte > state->high)
        return false;
    *state = (struct utf8){(uint8_t)(state->missing - 1), 0x80, 0xbf};
    return true;
}

bool utf8_check(struct utf8 *state, struct bytes piece)
{
    while (piece.len) {
        if (!state->missing)
            piece = bytes_skip(piece, ascii_length(piece));
        if (!piece.len)
            break;
        uint8_t byte = (uint8_t)piece.data[0];
        if (!(state->missing ? take_follower(state, byte)
                             : take_lead(state, byte)))
            return false;
        piece = bytes_skip(piece, 1);
    }
    return true;
}
