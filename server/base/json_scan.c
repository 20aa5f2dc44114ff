/* The scanning half of json.h: one pass, no allocation, nothing lenient. What
 * it accepts is spliced into frames for other clients, so whatever a strict
 * parser at their end would refuse must be refused here. */
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"

struct scan {
    const char *at;
    const char *end;
    int depth;
    const char *why;
};

static bool scan_value(struct scan *scan);

/* No bytes may stand nowhere. */
static struct scan scan_of(struct bytes text)
{
    const char *start = text.data ? text.data : "";
    return (struct scan){.at = start, .end = start + text.len};
}

static bool fail(struct scan *scan, const char *why)
{
    scan->why = why;
    return false;
}

static void skip_space(struct scan *scan)
{
    while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\t' ||
                                    *scan->at == '\n' || *scan->at == '\r'))
        scan->at++;
}

/* Steps over `c` when it is next. */
static bool accept(struct scan *scan, char c)
{
    if (scan->at == scan->end || *scan->at != c)
        return false;
    scan->at++;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

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

/* The four digits behind "\u" as a number, or -1. */
static int hex_quad(const char *at, const char *end)
{
    if (end - at < 4)
        return -1;
    int code = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return -1;
        code = code * 16 + digit;
    }
    return code;
}

static bool scan_escape(struct scan *scan)
{
    if (scan->at == scan->end)
        return fail(scan, "unfinished string");
    char c = *scan->at++;
    if (c == 'u') {
        if (hex_quad(scan->at, scan->end) < 0)
            return fail(scan, "bad \\u escape");
        scan->at += 4;
        return true;
    }
    /* strchr would also find the terminator for a zero byte */
    if (c == '\0' || !strchr("\"\\/bfnrt", c))
        return fail(scan, "bad escape");
    return true;
}

/* Whatever stands in no string is ASCII, or wrong. */
static bool check_utf8(struct scan *scan, const char *start)
{
    struct bytes text = {start, (size_t)(scan->at - start)};
    return utf8_is_valid(text) || fail(scan, "not UTF-8");
}

static bool scan_string(struct scan *scan)
{
    if (!accept(scan, '"'))
        return fail(scan, "expected a string");
    const char *start = scan->at;
    unsigned char seen = 0; /* bits of all bytes */
    while (scan->at < scan->end) {
        unsigned char c = (unsigned char)*scan->at++;
        seen |= c;
        if (c == '"')
            return seen < 0x80 || check_utf8(scan, start);
        if (c < 0x20)
            return fail(scan, "control character in a string");
        if (c == '\\' && !scan_escape(scan))
            return false;
    }
    return fail(scan, "unfinished string");
}

static bool scan_digits(struct scan *scan)
{
    const char *start = scan->at;
    while (scan->at < scan->end && is_digit(*scan->at))
        scan->at++;
    return scan->at > start || fail(scan, "bad number");
}

static bool scan_number(struct scan *scan)
{
    accept(scan, '-');
    if (!accept(scan, '0') && !scan_digits(scan))
        return false;
    if (accept(scan, '.') && !scan_digits(scan))
        return false;
    if (accept(scan, 'e') || accept(scan, 'E')) {
        if (!accept(scan, '+'))
            accept(scan, '-');
        return scan_digits(scan);
    }
    return true;
}

static bool scan_word(struct scan *scan, struct bytes word)
{
    struct bytes rest = {scan->at, (size_t)(scan->end - scan->at)};
    if (!bytes_start_with(rest, word))
        return fail(scan, "unknown word");
    scan->at += word.len;
    return true;
}

/* Behind the opening bracket. */
static bool scan_array(struct scan *scan)
{
    skip_space(scan);
    if (accept(scan, ']'))
        return true;
    do {
        if (!scan_value(scan))
            return false;
        skip_space(scan);
    } while (accept(scan, ','));
    return accept(scan, ']') || fail(scan, "expected , or ]");
}

/* Behind the white space before a member: its name and the colon. */
static bool scan_name(struct scan *scan, struct bytes *name)
{
    skip_space(scan);
    const char *start = scan->at;
    if (!scan_string(scan))
        return false;
    *name = (struct bytes){start, (size_t)(scan->at - start)};
    skip_space(scan);
    return accept(scan, ':') || fail(scan, "expected :");
}

static struct json_slot *find_slot(struct json_slot *slots, size_t count,
                                   struct bytes raw_name)
{
    char decoded[64];
    size_t len;
    if (!count || !json_decode_string(raw_name, decoded, sizeof decoded, &len))
        return NULL;
    struct bytes name = {decoded, len};
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(name, bytes_of(slots[i].name)))
            return &slots[i];
    return NULL;
}

/* Behind the opening brace; fills the slots that are named. */
static bool scan_object(struct scan *scan, struct json_slot *slots,
                        size_t count)
{
    skip_space(scan);
    if (accept(scan, '}'))
        return true;
    do {
        struct bytes name;
        if (!scan_name(scan, &name))
            return false;
        skip_space(scan);
        const char *start = scan->at;
        if (!scan_value(scan))
            return false;
        struct json_slot *slot = find_slot(slots, count, name);
        if (slot)
            slot->raw = (struct bytes){start, (size_t)(scan->at - start)};
        skip_space(scan);
    } while (accept(scan, ','));
    return accept(scan, '}') || fail(scan, "expected , or }");
}

static bool scan_nested(struct scan *scan)
{
    if (++scan->depth > JSON_DEPTH_MAX)
        return fail(scan, "nested too deeply");
    bool ok = *scan->at++ == '{' ? scan_object(scan, NULL, 0)
                                 : scan_array(scan);
    scan->depth--;
    return ok;
}

static bool scan_value(struct scan *scan)
{
    skip_space(scan);
    if (scan->at == scan->end)
        return fail(scan, "unexpected end");
    switch (*scan->at) {
    case '{':
    case '[':
        return scan_nested(scan);
    case '"':
        return scan_string(scan);
    case 't':
        return scan_word(scan, BYTES_LITERAL("true"));
    case 'f':
        return scan_word(scan, BYTES_LITERAL("false"));
    case 'n':
        return scan_word(scan, BYTES_LITERAL("null"));
    default:
        return scan_number(scan);
    }
}

bool json_scan_object(struct bytes text, struct json_slot *slots, size_t count,
                      const char **why)
{
    struct scan scan = scan_of(text);
    for (size_t i = 0; i < count; i++)
        slots[i].raw = (struct bytes){0};
    scan.depth = 1;
    skip_space(&scan);
    bool ok = accept(&scan, '{') ? scan_object(&scan, slots, count)
                                 : fail(&scan, "expected an object");
    if (ok) {
        skip_space(&scan);
        ok = scan.at == scan.end || fail(&scan, "text behind the object");
    }
    *why = scan.why;
    return ok;
}

bool json_next_element(struct bytes *array, struct bytes *raw)
{
    struct scan scan = scan_of(*array);
    skip_space(&scan);
    if (!accept(&scan, '[') && !accept(&scan, ','))
        return false;
    skip_space(&scan);
    const char *start = scan.at;
    bool found = scan.at < scan.end && *start != ']' && scan_value(&scan);
    *raw = (struct bytes){start, (size_t)(scan.at - start)};
    *array = (struct bytes){scan.at, (size_t)(scan.end - scan.at)};
    return found;
}

bool json_is_valid(struct bytes text)
{
    struct scan scan = scan_of(text);
    if (!scan_value(&scan))
        return false;
    skip_space(&scan);
    return scan.at == scan.end;
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

/* Reads "uXXXX" (and a second escape for a pair); 0 for a lone surrogate. */
static uint32_t read_code_point(const char **at, const char *end)
{
    uint32_t code = (uint32_t)hex_quad(*at + 1, end);
    *at += 5;
    if (code < 0xd800 || code > 0xdfff)
        return code;
    if (code > 0xdbff || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u')
        return 0;
    uint32_t low = (uint32_t)hex_quad(*at + 2, end);
    if (low < 0xdc00 || low > 0xdfff)
        return 0;
    *at += 6;
    return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
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

/* Decodes what stands behind a backslash; how many bytes it gives, 0 for a
 * lone surrogate. */
static size_t decode_escape(const char **at, const char *end, char out[4])
{
    if (**at != 'u') {
        out[0] = short_escape(*(*at)++);
        return 1;
    }
    bool is_nul = hex_quad(*at + 1, end) == 0;
    uint32_t code = read_code_point(at, end);
    return code || is_nul ? encode_utf8(code, out) : 0;
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
