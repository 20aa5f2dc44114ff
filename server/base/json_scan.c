/* The scanning half of json.h: one pass, no allocation, strict. Accepted text
 * is copied into frames for other clients, so everything that a strict parser
 * would reject must be rejected here. */
#include <string.h>

#include "base/json.h"
#include "base/json_parts.h"
#include "base/utf8.h"

struct scan {
    const char *at;
    const char *end;
    int depth;
    bool stays_here; /* is not passed on */
    const char *why;
};

static bool scan_value(struct scan *scan);

/* An empty text may have a NULL pointer. */
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

/* Skips `c` if it is next. */
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

/* After "\u". A lone surrogate is not a character: some parsers replace it,
 * others reject the whole text (RFC 8259 section 8.2). */
static bool scan_unicode(struct scan *scan)
{
    const char *escape = scan->at - 2;
    struct bytes rest = {scan->at, (size_t)(scan->end - scan->at)};
    uint32_t code;
    size_t len = json_unicode_read(rest, &code);
    if (!len)
        return fail(scan, "invalid \\u escape");
    if (json_is_surrogate(code) && !scan->stays_here) {
        scan->at = escape;
        return fail(scan, "lone surrogate");
    }
    scan->at += len;
    return true;
}

static bool scan_escape(struct scan *scan)
{
    if (scan->at == scan->end)
        return fail(scan, "unterminated string");
    char c = *scan->at++;
    if (c == 'u')
        return scan_unicode(scan);
    /* strchr would also find the terminator for a zero byte */
    if (c == '\0' || !strchr("\"\\/bfnrt", c))
        return fail(scan, "invalid escape");
    return true;
}

/* Outside of strings, only ASCII is valid. */
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
    return fail(scan, "unterminated string");
}

static bool scan_digits(struct scan *scan)
{
    const char *start = scan->at;
    while (scan->at < scan->end && is_digit(*scan->at))
        scan->at++;
    return scan->at > start || fail(scan, "invalid number");
}

/* Checks numbers that are long or have an exponent, which are rare, a second
 * time. Receivers parse doubles (RFC 8259 section 6): for some, 1e999 is
 * infinite, for others an error. */
static bool check_size(struct scan *scan, const char *start)
{
    struct bytes number = {start, (size_t)(scan->at - start)};
    if (scan->stays_here || json_fits_double(number))
        return true;
    scan->at = start;
    return fail(scan, "number too big for a double");
}

static bool scan_number(struct scan *scan)
{
    const char *start = scan->at;
    accept(scan, '-');
    if (!accept(scan, '0') && !scan_digits(scan))
        return false;
    if (accept(scan, '.') && !scan_digits(scan))
        return false;
    if (accept(scan, 'e') || accept(scan, 'E')) {
        if (!accept(scan, '+'))
            accept(scan, '-');
        return scan_digits(scan) && check_size(scan, start);
    }
    return scan->at - start < JSON_DOUBLE_DIGITS || check_size(scan, start);
}

static bool scan_word(struct scan *scan, struct bytes word)
{
    struct bytes rest = {scan->at, (size_t)(scan->end - scan->at)};
    if (!bytes_start_with(rest, word))
        return fail(scan, "unknown literal");
    scan->at += word.len;
    return true;
}

/* After the opening bracket. */
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

/* After the white space before a member: its name and the colon. */
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
    char decoded[JSON_NAME_MAX];
    size_t len;
    if (!count || !json_decode_string(raw_name, decoded, sizeof decoded, &len))
        return NULL;
    struct bytes name = {decoded, len};
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(name, bytes_of(slots[i].name)))
            return &slots[i];
    return NULL;
}

static void fill_slot(struct json_slot *slot, struct bytes raw)
{
    bool is_null = bytes_equal(raw, BYTES_LITERAL("null"));
    slot->raw = is_null && !slot->keeps_null ? (struct bytes){0} : raw;
}

/* After the opening brace; fills the slots of named members. */
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
            fill_slot(slot, (struct bytes){start, (size_t)(scan->at - start)});
        skip_space(scan);
    } while (accept(scan, ','));
    return accept(scan, '}') || fail(scan, "expected , or }");
}

static bool scan_nested(struct scan *scan)
{
    if (++scan->depth > JSON_DEPTH_MAX)
        return fail(scan, "nested too deeply");
    bool ok =
        *scan->at++ == '{' ? scan_object(scan, NULL, 0) : scan_array(scan);
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

static bool scan_whole_object(struct scan *scan, struct json_slot *slots,
                              size_t count)
{
    scan->depth = 1;
    skip_space(scan);
    if (!accept(scan, '{'))
        return fail(scan, "expected an object");
    if (!scan_object(scan, slots, count))
        return false;
    skip_space(scan);
    return scan->at == scan->end || fail(scan, "text after the object");
}

static bool scan_into(struct scan scan, struct json_slot *slots, size_t count,
                      const char **why)
{
    for (size_t i = 0; i < count; i++)
        slots[i].raw = (struct bytes){0};
    bool ok = scan_whole_object(&scan, slots, count);
    *why = scan.why;
    return ok;
}

bool json_scan_object(struct bytes text, struct json_slot *slots, size_t count,
                      const char **why)
{
    return scan_into(scan_of(text), slots, count, why);
}

bool json_scan_token(struct bytes text, struct json_slot *slots, size_t count,
                     const char **why)
{
    struct scan scan = scan_of(text);
    scan.stays_here = true;
    return scan_into(scan, slots, count, why);
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

bool json_is_list(struct bytes text)
{
    struct scan scan = scan_of(text);
    skip_space(&scan);
    return accept(&scan, '[');
}

static bool scan_whole_value(struct scan *scan)
{
    if (!scan_value(scan))
        return false;
    skip_space(scan);
    return scan->at == scan->end || fail(scan, "more text after the value");
}

bool json_is_valid(struct bytes text)
{
    struct scan scan = scan_of(text);
    return scan_whole_value(&scan);
}

static bool say_where(const struct scan *scan, struct bytes text,
                      struct error *why)
{
    size_t left = (size_t)(scan->end - scan->at);
    return error_set(why, "%s at byte %zu", scan->why, text.len - left + 1);
}

bool json_check(struct bytes text, struct error *why)
{
    struct scan scan = scan_of(text);
    return scan_whole_value(&scan) || say_where(&scan, text, why);
}

bool json_check_object(struct bytes text, struct error *why)
{
    struct scan scan = scan_of(text);
    return scan_whole_object(&scan, NULL, 0) || say_where(&scan, text, why);
}
