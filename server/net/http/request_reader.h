/* request_reader: reads the head of an HTTP/1.1 request (RFC 9112 sections 2 to
 * 6, RFC 9110 sections 5 to 7).
 *
 * It reads a head incrementally and records the positions of its parts;
 * request_reader_head then returns them as plain data. Ambiguous requests are
 * rejected at the first byte that makes them so.
 *
 * Owner:   the caller.
 * Thread:  any.
 * Limits:  the head's bytes (`head_max`), and REQUEST_LINES recorded lines.
 * Failure: REQUEST_BAD, with status and reason of the response.
 */
#ifndef PEAL_NET_REQUEST_READER_H
#define PEAL_NET_REQUEST_READER_H

#include <stddef.h>
#include <string.h>

#include "net/http/request_head.h"

/* Lines of known fields in one head; one more is REQUEST_BAD (431). */
enum { REQUEST_LINES = 64 };

struct request_field_line {
    uint32_t at; /* of the value, from the head's first byte */
    uint32_t len : 24;
    uint32_t field : 8;
};

struct request_fault {
    int status;
    const char *why; /* "Two Host fields" */
};

/* A zeroed struct with head_max set is ready for a request. */
struct request_reader {
    uint32_t head_max; /* limit, below 16 MiB; beyond it 431, or 414 within the
                          request line */
    uint32_t
        at; /* bytes read so far; after REQUEST_BAD, up to the rejected byte */
    struct request_fault fault; /* after REQUEST_BAD */
    /* the reader's own state follows (see request_line.h) */
    uint8_t state;
    uint8_t matched; /* bytes of the current scheme or version */
    uint8_t minor;
    uint8_t field;   /* of the current line */
    uint8_t allowed; /* classes of the bytes in its value */
    uint8_t line_count;
    bool has_query;
    uint32_t seen; /* one bit per field */
    uint32_t method_at, method_len;
    uint32_t authority_at, authority_len; /* of an absolute target */
    uint32_t path_at, path_len;
    uint32_t query_at, query_len;
    uint32_t name_at;
    uint32_t value_at, value_len;
    uint64_t body_len;
    struct request_field_line lines[REQUEST_LINES];
};

/* Prepares the reader for a new request; the lines need no clearing. */
static inline void request_reader_begin(struct request_reader *reader,
                                        uint32_t head_max)
{
    memset(reader, 0, offsetof(struct request_reader, lines));
    reader->head_max = head_max;
}

enum request_result { REQUEST_MORE, REQUEST_WHOLE, REQUEST_BAD };

/* Continues reading. `data` always begins with the head's first byte, and may
 * have moved; bytes already read are not read again. After REQUEST_WHOLE, `at`
 * is the head's length; the body or the next request follows. */
enum request_result request_reader_read(struct request_reader *reader,
                                        struct bytes data);

/* The complete head; `joined` receives the values of repeated list fields and
 * must live as long as the head. */
void request_reader_head(const struct request_reader *reader, struct bytes data,
                         struct buffer *joined, struct request_head *head);

#endif
