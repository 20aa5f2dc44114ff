/* head_check: what RFC 9112 asks of a request's head, checked on the bytes as
 * they come. libwebsockets is generous: it takes a space before a colon, a
 * folded line or two lengths for something, and a proxy in front of us for
 * something else. Whoever can be misunderstood is refused.
 *
 * Owner:   the socket's input; a zeroed struct stands before a request.
 * Thread:  the reactor's.
 * Limits:  libwebsockets limits a head's length, and so what is kept of it.
 * Failure: is_broken, for ever.
 */
#ifndef PEAL_NET_HEAD_CHECK_H
#define PEAL_NET_HEAD_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "net/chunk_check.h"

enum { HEAD_CHECK_NAME = 18 };

struct head_check {
    uint8_t state;    /* what the next byte is part of, see head_check.c */
    uint8_t scheme;   /* bytes of it that were seen */
    uint8_t version;  /* the same */
    uint8_t name_len; /* of the header at hand */
    uint8_t field;    /* which one it is */
    uint8_t hosts;    /* headers of that name */
    bool is_old;      /* HTTP/1.0 */
    bool has_length;  /* Content-Length */
    uint8_t codings;  /* headers Transfer-Encoding */
    uint8_t coding;   /* how much of "chunked" the one at hand is */
    bool has_digits;  /* the length at hand */
    bool is_query;    /* the path is over */
    uint8_t escape;   /* how far into a "%20" */
    uint8_t traces;   /* traceparents of the last request */
    bool has_blank;   /* in the path of the last request, written so */
    bool is_chunked;  /* the body of the last request comes in chunks */
    bool is_over;     /* and has come */
    bool is_broken;
    uint64_t body_left;
    uint64_t body_len; /* what was given of the chunks so far */
    struct chunk_check chunks;
    /* the values of the last request's Forwarded headers, each with a '\n'
     * behind it: libwebsockets keeps the first one only */
    struct buffer forwarded;
    char name[HEAD_CHECK_NAME];
};

/* How many of the bytes were looked at, and how many are to be given on: they
 * stand at the start of `data`. Fewer, because empty lines before a request
 * and the host in a request line are left out. It stops behind each request:
 * what follows is looked at when that has been handled, and may be no HTTP by
 * then. */
struct head_share {
    size_t taken;
    size_t given;
};

/* A body in chunks is given without them, and with a blank at its end, so that
 * its end comes with a byte: whoever reads such a body reads JSON. */
struct head_share head_check(struct head_check *check, char *data, size_t len);

void head_check_deinit(struct head_check *check);

#endif
