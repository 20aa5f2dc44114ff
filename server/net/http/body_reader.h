/* body_reader: reads a request's body, of known length or chunked (RFC 9112
 * sections 6 and 7), piece by piece.
 *
 * It is strict about chunks, because a proxy in front must see the same end:
 * sizes are only digits, lines end in CR LF, spaces are not allowed. Extensions
 * and trailers are checked, bounded and ignored.
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
    uint8_t digits; /* of the current size */
    uint16_t extra; /* bytes of extensions and trailers */
    uint64_t left;  /* of the body, or of the current chunk */
};

enum body_result {
    BODY_MORE,  /* everything was read; more must arrive */
    BODY_PIECE, /* `piece` is some of the body; call again */
    BODY_END,   /* end of the body; the next request follows */
    BODY_BAD
};

/* Prepares for a body of `len` bytes, or a chunked one. */
void body_reader_begin(struct body_reader *reader, bool is_chunked,
                       uint64_t len);

/* Continues reading `data`; sets the number of bytes taken: up to the end of
 * the piece or the body, or before an invalid byte. The end is reported by a
 * separate call, which may have an empty `data`; so an empty body ends
 * immediately. */
enum body_result body_reader_next(struct body_reader *reader, struct bytes data,
                                  size_t *taken, struct bytes *piece);

#endif
