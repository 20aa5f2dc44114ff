/* body_reader: a request's body, of a known length or in chunks (RFC 9112
 * sections 6 and 7), piece by piece.
 *
 * Strict about chunks, because a proxy in front must see the same end: sizes
 * are digits and nothing else, lines end in CR LF, no blank stands anywhere.
 * Extensions and trailers are checked, bounded and ignored.
 *
 * Owner:   the caller; pieces are borrowed from the bytes given.
 * Thread:  any.
 * Limits:  BODY_EXTRA_BYTES for all extensions and trailers of a body.
 * Failure: BODY_BAD.
 */
#ifndef PEAL_NET_BODY_READER_H
#define PEAL_NET_BODY_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum { BODY_EXTRA_BYTES = 8192 };

struct body_reader {
    bool is_chunked;
    uint8_t state;
    uint8_t digits; /* of the size at hand */
    uint16_t extra; /* bytes of extensions and trailers */
    uint64_t left;  /* of the body, or of the chunk at hand */
};

enum body_result {
    BODY_MORE,  /* everything was read; more must come */
    BODY_PIECE, /* `piece` is some of the body; call again */
    BODY_END,   /* the body is over; what follows is the next request */
    BODY_BAD
};

/* For a body of `len` bytes, or in chunks. */
void body_reader_begin(struct body_reader *reader, bool is_chunked,
                       uint64_t len);

/* Reads on in `data`; sets how many bytes were taken: up to the piece's end, or
 * the body's, or before the byte that is bad. The end comes in a call of its
 * own, with an empty `data` too; so a body of no bytes ends at once. */
enum body_result body_reader_next(struct body_reader *reader, struct bytes data,
                                  size_t *taken, struct bytes *piece);

#endif
