#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

enum { SMALLEST = 256 };

void buffer_deinit(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}

char *buffer_reserve(struct buffer *buffer, size_t more)
{
    size_t needed = buffer->len + more;
    if (needed > buffer->capacity) {
        size_t capacity = buffer->capacity ? buffer->capacity : SMALLEST;
        while (capacity < needed)
            capacity *= 2;
        buffer->data = memory_resize(buffer->data, capacity, 1);
        buffer->capacity = capacity;
    }
    return buffer->data + buffer->len;
}

void buffer_append(struct buffer *buffer, struct bytes bytes)
{
    if (!bytes.len)
        return;
    memcpy(buffer_reserve(buffer, bytes.len), bytes.data, bytes.len);
    buffer->len += bytes.len;
}

void buffer_append_text(struct buffer *buffer, const char *text)
{
    buffer_append(buffer, bytes_of(text));
}

void buffer_append_char(struct buffer *buffer, char c)
{
    *buffer_reserve(buffer, 1) = c;
    buffer->len++;
}

void buffer_append_uint(struct buffer *buffer, uint64_t number)
{
    char digits[20];
    size_t start = sizeof digits;
    do {
        digits[--start] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    buffer_append(buffer,
                  (struct bytes){digits + start, sizeof digits - start});
}

void buffer_append_format(struct buffer *buffer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    PANIC_IF(len < 0);

    char *end = buffer_reserve(buffer, (size_t)len + 1);
    va_start(args, format);
    vsnprintf(end, (size_t)len + 1, format, args);
    va_end(args);
    buffer->len += (size_t)len;
}

static const char *short_escape(unsigned char c)
{
    switch (c) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        return NULL;
    }
}

static bool needs_escape(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

void buffer_append_json_string(struct buffer *buffer, struct bytes text)
{
    buffer_append_char(buffer, '"');
    size_t plain = 0; /* start of the run that needs no escape */
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (!needs_escape(c))
            continue;
        buffer_append(buffer, (struct bytes){text.data + plain, i - plain});
        const char *escape = short_escape(c);
        if (escape)
            buffer_append_text(buffer, escape);
        else
            buffer_append_format(buffer, "\\u%04x", c);
        plain = i + 1;
    }
    buffer_append(buffer, bytes_skip(text, plain));
    buffer_append_char(buffer, '"');
}

const char *buffer_text(struct buffer *buffer)
{
    *buffer_reserve(buffer, 1) = '\0';
    return buffer->data;
}
