/* chunk_check: a body that comes in chunks (RFC 9112 section 7.1), byte by
 * byte: what is body, and what is only there to say so.
 *
 * Strict, because a proxy in front must see the same end: sizes are digits
 * and nothing else, lines end in CR LF, no blank stands anywhere. Extensions
 * and trailers are checked, bounded, and ignored.
 *
 * Owner:   head_check embeds it.
 * Thread:  the reactor's.
 * Limits:  CHUNK_EXTRA_BYTES for all extensions and trailers of a body.
 * Failure: CHUNK_BREAK for a byte that must not stand there.
 */
#ifndef PEAL_NET_CHUNK_CHECK_H
#define PEAL_NET_CHUNK_CHECK_H

#include <stdbool.h>
#include <stdint.h>

enum { CHUNK_EXTRA_BYTES = 8192 };

/* A zeroed one waits for the first size. */
struct chunk_check {
    uint8_t state;
    uint8_t digits; /* of the size at hand */
    uint16_t extra; /* bytes of extensions and trailers */
    uint64_t left;  /* of the chunk at hand */
};

/* What a byte is. */
enum chunk_byte { CHUNK_BODY, CHUNK_FRAMING, CHUNK_END, CHUNK_BREAK };

/* CHUNK_END is told of the last byte of all, which is framing too. */
enum chunk_byte chunk_check(struct chunk_check *check, char c);

#endif
