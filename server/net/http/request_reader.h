/* request_reader: reads the head of an HTTP/1.1 request (RFC 9112 sections 2 to
 * 6, RFC 9110 sections 5 to 7).
 *
 * It reads a head byte by byte, however it arrives, and records where its parts
 * are; request_reader_head then gives them as plain data. Ambiguous requests
 * are rejected at the first byte that makes them so.
 *
 * Owner:   the caller.
 * Thread:  any.
 * Limits:  the head's bytes (`head_max`), and REQUEST_LINES recorded lines.
 * Failure: REQUEST_BAD, with the status and the reason to answer.
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

/* A zeroed one, with head_max set, stands before a request. */
struct request_reader {
    uint32_t head_max; /* 431 beyond it, or 414 within the request line; below
                          16 MiB */
    uint32_t at;       /* bytes read so far; after REQUEST_BAD, those before the
                          byte that was refused */
    struct request_fault fault; /* after REQUEST_BAD */
    /* the reader's own state follows (see request_line.h) */
    uint8_t state;
    uint8_t matched; /* bytes of the scheme or the version at hand */
    uint8_t minor;
    uint8_t field;   /* of the line at hand */
    uint8_t allowed; /* classes of the bytes in its value */
    uint8_t line_count;
    bool has_query;
    uint32_t seen; /* a bit for each field */
    uint32_t method_at, method_len;
    uint32_t authority_at, authority_len; /* of an absolute target */
    uint32_t path_at, path_len;
    uint32_t query_at, query_len;
    uint32_t name_at;
    uint32_t value_at, value_len;
    uint64_t body_len;
    struct request_field_line lines[REQUEST_LINES];
};

/* Prepares one for a new request; the lines need no clearing. */
static inline void request_reader_begin(struct request_reader *reader,
                                        uint32_t head_max)
{
    memset(reader, 0, offsetof(struct request_reader, lines));
    reader->head_max = head_max;
}

enum request_result { REQUEST_MORE, REQUEST_WHOLE, REQUEST_BAD };

/* Reads on. `data` begins with the head's first byte each time, and may have
 * moved; bytes that were read before are not read again. After REQUEST_WHOLE
 * `at` is the head's length: what follows is its body, or the next request. */
enum request_result request_reader_read(struct request_reader *reader,
                                        struct bytes data);

/* The head that was read whole; `joined` takes the values of repeated list
 * fields and must live as long as the head. */
void request_reader_head(const struct request_reader *reader, struct bytes data,
                         struct buffer *joined, struct request_head *head);

#endif
