/* Decodes strings and whole numbers from raw JSON that a scan has accepted. */
#include <string.h>

#include "base/json.h"
#include "base/json_parts.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* ---- texts --------------------------------------------------------------- */

static int hex_digit(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The first four digits as a number, or -1. */
static int32_t hex_quad(struct bytes text)
{
    if (text.len < 4)
        return -1;
    int32_t code = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(text.data[i]);
        if (digit < 0)
            return -1;
        code = code * 16 + digit;
    }
    return code;
}

size_t json_unicode_read(struct bytes text, uint32_t *code)
{
    enum { QUAD = 4, PAIR = 10 };
    int32_t high = hex_quad(text);
    if (high < 0)
        return 0;
    *code = (uint32_t)high;
    if (high < 0xd800 || high > 0xdbff || text.len < PAIR ||
        text.data[QUAD] != '\\' || text.data[QUAD + 1] != 'u')
        return QUAD;
    int32_t low = hex_quad(bytes_skip(text, QUAD + 2));
    if (low < 0xdc00 || low > 0xdfff)
        return QUAD;
    *code =
        0x10000 + (((uint32_t)high - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
    return PAIR;
}

static size_t encode_utf8(uint32_t code, char out[4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

static char short_escape(char c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c;
    }
}

/* Decodes the escape after a backslash; returns its number of bytes, 0 for a
 * lone surrogate. */
static size_t decode_escape(const char **at, const char *end, char out[4])
{
    if (**at != 'u') {
        out[0] = short_escape(*(*at)++);
        return 1;
    }
    uint32_t code = 0;
    struct bytes rest = {*at + 1, (size_t)(end - *at - 1)};
    size_t len = json_unicode_read(rest, &code);
    *at += 1 + len;
    return len && !json_is_surrogate(code) ? encode_utf8(code, out) : 0;
}

bool json_decode_string(struct bytes raw, char *out, size_t size, size_t *len)
{
    if (raw.len < 2 || raw.data[0] != '"')
        return false;
    const char *at = raw.data + 1;
    const char *end = raw.data + raw.len - 1;
    size_t used = 0;
    while (at < end) {
        char piece[4] = {*at++};
        size_t piece_len =
            piece[0] == '\\' ? decode_escape(&at, end, piece) : 1;
        if (!piece_len || used + piece_len > size)
            return false;
        memcpy(out + used, piece, piece_len);
        used += piece_len;
    }
    *len = used;
    return true;
}

/* ---- numbers ------------------------------------------------------------- */

/* A number as its digits without leading and trailing zeros, and a power of ten
 * as factor. */
struct decimal {
    char digits[32];
    size_t count;
    int64_t power;
};

/* More digits cannot fit 64 bits. */
static bool add_digit(struct decimal *number, char c)
{
    if (number->count == sizeof number->digits)
        return false;
    if (number->count || c != '0')
        number->digits[number->count++] = c;
    return true;
}

static bool add_digits(struct decimal *number, struct bytes *rest)
{
    for (; rest->len && is_digit(*rest->data); *rest = bytes_skip(*rest, 1))
        if (!add_digit(number, *rest->data))
            return false;
    return true;
}

static bool read_exponent(struct bytes text, int64_t *exponent)
{
    uint64_t size;
    bool is_negative = text.len && *text.data == '-';
    bool has_sign = text.len && strchr("+-", *text.data);
    if (!json_decode_uint(bytes_skip(text, has_sign), &size) || size > 1000)
        return false;
    *exponent = is_negative ? -(int64_t)size : (int64_t)size;
    return true;
}

/* False for anything but a non-negative number. */
static bool read_decimal(struct bytes text, struct decimal *number)
{
    if (!text.len || !is_digit(*text.data) || !add_digits(number, &text))
        return false;
    if (text.len && *text.data == '.') {
        text = bytes_skip(text, 1);
        size_t before = text.len;
        if (!add_digits(number, &text))
            return false;
        number->power = (int64_t)text.len - (int64_t)before;
    }
    int64_t exponent = 0;
    if (text.len && (*text.data | 0x20) == 'e' &&
        read_exponent(bytes_skip(text, 1), &exponent))
        text.len = 0;
    number->power += exponent;
    for (; number->count && number->digits[number->count - 1] == '0';
         number->count--)
        number->power++;
    return !text.len;
}

bool json_decode_whole(struct bytes raw, uint64_t *out)
{
    struct decimal number = {.count = 0};
    if (raw.len > 1 && *raw.data == '-') {
        bool is_zero =
            read_decimal(bytes_skip(raw, 1), &number) && !number.count;
        *out = 0;
        return is_zero;
    }
    if (!read_decimal(raw, &number) || (number.count && number.power < 0))
        return false;
    *out = 0;
    if (!number.count)
        return true;
    if (!json_decode_uint((struct bytes){number.digits, number.count}, out))
        return false;
    for (; number.power; number.power--)
        if (__builtin_mul_overflow(*out, 10, out))
            return false;
    return true;
}

bool json_decode_uint(struct bytes raw, uint64_t *out)
{
    uint64_t number = 0;
    if (!raw.len || raw.len > 20)
        return false;
    for (size_t i = 0; i < raw.len; i++) {
        if (!is_digit(raw.data[i]))
            return false;
        uint64_t digit = (uint64_t)(raw.data[i] - '0');
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, digit, &number))
            return false;
    }
    *out = number;
    return true;
}

/* The smallest number that is rounded to infinity: 2^1024 - 2^970. */
static const char infinite[] =
    "17976931348623158079372897140530341507993413271003782693617377"
    "89804449682927647509466490179775872070963302864166928879109465"
    "55547851940402630657488671505820681908902000708383676273854845"
    "81771153176447573027006985557136695962284291481986083493647529"
    "2719074168444365510704342711559699508093042880177904174497792";

_Static_assert(sizeof infinite - 1 == JSON_DOUBLE_DIGITS, "all its digits");

/* The first digits of a number, from the first non-zero one, and its power of
 * ten. */
struct magnitude {
    char digits[JSON_DOUBLE_DIGITS];
    size_t count; /* of all digits, kept or not */
    int64_t power;
};

static void add_mantissa(struct magnitude *number, struct bytes *rest)
{
    bool is_fraction = false;
    for (; rest->len && (is_digit(*rest->data) || *rest->data == '.');
         *rest = bytes_skip(*rest, 1)) {
        char c = *rest->data;
        if (c == '.') {
            is_fraction = true;
            continue;
        }
        bool is_leading = !number->count && c == '0';
        number->power += is_fraction ? -is_leading : !is_leading;
        if (is_leading)
            continue;
        if (number->count < sizeof number->digits)
            number->digits[number->count] = c;
        number->count++;
    }
    number->power--; /* 5 has one digit and the power 0 */
}

/* Exponents beyond any possible mantissa count as a big number. */
static int64_t exponent_of(struct bytes text)
{
    enum { DIGITS_MAX = 15 };
    int64_t exponent = 0;
    bool is_negative = text.len && *text.data == '-';
    text = bytes_skip(text, text.len && strchr("+-", *text.data));
    while (text.len && *text.data == '0')
        text = bytes_skip(text, 1);
    for (size_t i = 0; i < text.len && i < DIGITS_MAX; i++)
        exponent = exponent * 10 + (text.data[i] - '0');
    return is_negative ? -exponent : exponent;
}

bool json_fits_double(struct bytes number)
{
    struct magnitude magnitude = {.count = 0};
    number = bytes_skip(number, *number.data == '-');
    memset(magnitude.digits, '0', sizeof magnitude.digits);
    add_mantissa(&magnitude, &number);
    if (!magnitude.count)
        return true; /* 0e999 */
    magnitude.power += exponent_of(bytes_skip(number, 1));
    if (magnitude.power != JSON_DOUBLE_DIGITS - 1)
        return magnitude.power < JSON_DOUBLE_DIGITS - 1;
    return memcmp(magnitude.digits, infinite, sizeof magnitude.digits) < 0;
}
