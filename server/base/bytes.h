/* bytes: a borrowed byte range, passed by value.
 *
 * Owner:   nobody; the creator of the bytes keeps them alive.
 * Thread:  any.
 * Limits:  not zero-terminated; may hold any byte.
 * Failure: none of these can fail.
 */
#ifndef PEAL_BASE_BYTES_H
#define PEAL_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct bytes {
    const char *data;
    size_t len;
};

/* A view of a string literal or an array of known size. */
#define BYTES_LITERAL(text) ((struct bytes){(text), sizeof(text) - 1})

/* A view of a zero-terminated text; NULL gives an empty view. */
static inline struct bytes bytes_of(const char *text)
{
    return (struct bytes){text, text ? strlen(text) : 0};
}

/* Whether length and bytes are equal. Not for secrets: not constant-time. */
static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* `bytes` begins with `prefix`. */
static inline bool bytes_start_with(struct bytes bytes, struct bytes prefix)
{
    return bytes.len >= prefix.len &&
           (prefix.len == 0 ||
            memcmp(bytes.data, prefix.data, prefix.len) == 0);
}

/* The rest after the first `count` bytes (at most all of them). */
static inline struct bytes bytes_skip(struct bytes bytes, size_t count)
{
    size_t skip = count < bytes.len ? count : bytes.len;
    if (!skip) /* `data` may be NULL */
        return bytes;
    return (struct bytes){bytes.data + skip, bytes.len - skip};
}

/* Without trailing carriage returns and newlines. */
static inline struct bytes bytes_without_line_ends(struct bytes bytes)
{
    while (bytes.len && strchr("\r\n", bytes.data[bytes.len - 1]) &&
           bytes.data[bytes.len - 1])
        bytes.len--;
    return bytes;
}

#endif
