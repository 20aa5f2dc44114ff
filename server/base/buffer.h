/* buffer: growable text or bytes.
 *
 * Owner:   the struct owns its memory; buffer_deinit frees it.
 * Thread:  one at a time.
 * Limits:  none of its own: callers bound what they append.
 * Failure: out of memory ends the process (see memory.h).
 */
#ifndef PEAL_BASE_BUFFER_H
#define PEAL_BASE_BUFFER_H

#include <stdint.h>

#include "base/bytes.h"

/* A zeroed struct is an empty buffer. */
struct buffer {
    char *data;
    size_t len;
    size_t capacity;
};

void buffer_deinit(struct buffer *buffer);

/* Makes room for `more` bytes after the end and returns a pointer to it. */
char *buffer_reserve(struct buffer *buffer, size_t more);

void buffer_append(struct buffer *buffer, struct bytes bytes);

/* A zero-terminated text. */
void buffer_append_text(struct buffer *buffer, const char *text);

void buffer_append_char(struct buffer *buffer, char c);

/* Decimal, without padding. */
void buffer_append_uint(struct buffer *buffer, uint64_t number);

/* printf-like; not for hot paths. */
__attribute__((format(printf, 2, 3))) void
buffer_append_format(struct buffer *buffer, const char *format, ...);

/* A JSON string with its quotes (RFC 8259, section 7). `text` is valid UTF-8.
 */
void buffer_append_json_string(struct buffer *buffer, struct bytes text);

/* The content, followed by a zero; valid until the next append. */
const char *buffer_text(struct buffer *buffer);

/* Empties the buffer and keeps its memory. */
static inline void buffer_clear(struct buffer *buffer)
{
    buffer->len = 0;
}

/* A view of the content; valid until the next append. */
static inline struct bytes buffer_bytes(const struct buffer *buffer)
{
    return (struct bytes){buffer->data, buffer->len};
}

#endif
