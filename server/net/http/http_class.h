/* http_class: classes of bytes in HTTP/1.1 (RFC 9110 section 5.6.2, RFC 3986
 * appendix A).
 *
 * Owner:   nothing is owned.
 * Thread:  any.
 * Limits:  none.
 * Failure: none.
 */
#ifndef PEAL_NET_HTTP_CLASS_H
#define PEAL_NET_HTTP_CLASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HTTP_TOKEN = 1, /* methods and field names */
    HTTP_TEXT = 2,  /* field values: no control characters except tabs */
    HTTP_PATH = 4,  /* visible ASCII, without '?', '#' and '%' */
    HTTP_QUERY = 8, /* the same, with '?' */
    HTTP_HOST = 16, /* a host, in brackets or not, and a port */
    HTTP_DIGIT = 32,
    HTTP_HEX = 64
};

extern const uint8_t http_classes[256];

/* Whether the byte belongs to one of the classes. */
static inline bool http_is(char c, unsigned classes)
{
    return http_classes[(unsigned char)c] & classes;
}

static inline bool http_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The first byte from `at` to `end` that is in none of the classes. */
static inline size_t http_skip(const char *data, size_t at, size_t end,
                               unsigned classes)
{
    while (at < end && http_is(data[at], classes))
        at++;
    return at;
}

/* The value of a hexadecimal digit. */
static inline unsigned http_hex_value(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

#endif
