#include "net/chunk_check.h"

#include "net/http_text.h"

enum state {
    SIZE,
    EXTENSION,
    SIZE_END,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER_START,
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_END,
    LAST
};

static enum chunk_byte go(struct chunk_check *check, enum state state)
{
    check->state = (uint8_t)state;
    return CHUNK_FRAMING;
}

/* The byte that must stand here, and what comes behind it. */
static enum chunk_byte expect(struct chunk_check *check, bool is_right,
                              enum state next)
{
    return is_right ? go(check, next) : CHUNK_BREAK;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Enough for any body that is allowed, and far from overflowing. */
static enum chunk_byte take_size(struct chunk_check *check, char c)
{
    enum { DIGITS_MAX = 15 };
    int digit = digit_of(c);
    if (digit >= 0 && check->digits < DIGITS_MAX) {
        check->digits++;
        check->left = check->left << 4 | (unsigned)digit;
        return CHUNK_FRAMING;
    }
    if (c == ';' && check->digits)
        return go(check, EXTENSION);
    return expect(check, c == '\r' && check->digits, SIZE_END);
}

/* What is only read to be ignored. */
static enum chunk_byte take_extra(struct chunk_check *check, char c,
                                  enum state end)
{
    if (c == '\r')
        return go(check, end);
    bool is_good = http_is_text(c) || c == '\t';
    return is_good && check->extra++ < CHUNK_EXTRA_BYTES ? CHUNK_FRAMING
                                                         : CHUNK_BREAK;
}

static enum chunk_byte end_size(struct chunk_check *check, char c)
{
    check->digits = 0;
    return expect(check, c == '\n', check->left ? DATA : TRAILER_START);
}

static enum chunk_byte take_data(struct chunk_check *check)
{
    if (--check->left == 0)
        check->state = DATA_CR;
    return CHUNK_BODY;
}

/* Section 7.1.2; a field line is what it is in a head. */
static enum chunk_byte take_trailer_name(struct chunk_check *check, char c)
{
    bool is_first = check->state == TRAILER_START;
    if (c == '\r' && is_first)
        return go(check, LAST);
    if (c == ':' && !is_first)
        return go(check, TRAILER_VALUE);
    bool is_good = http_is_token(c) && check->extra++ < CHUNK_EXTRA_BYTES;
    return expect(check, is_good, TRAILER_NAME);
}

enum chunk_byte chunk_check(struct chunk_check *check, char c)
{
    switch ((enum state)check->state) {
    case SIZE:
        return take_size(check, c);
    case EXTENSION:
        return take_extra(check, c, SIZE_END);
    case SIZE_END:
        return end_size(check, c);
    case DATA:
        return take_data(check);
    case DATA_CR:
        return expect(check, c == '\r', DATA_LF);
    case DATA_LF:
        return expect(check, c == '\n', SIZE);
    case TRAILER_START:
    case TRAILER_NAME:
        return take_trailer_name(check, c);
    case TRAILER_VALUE:
        return take_extra(check, c, TRAILER_END);
    case TRAILER_END:
        return expect(check, c == '\n', TRAILER_START);
    case LAST:
        return c == '\n' ? CHUNK_END : CHUNK_BREAK;
    }
    return CHUNK_BREAK;
}
