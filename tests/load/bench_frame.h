/* bench_frame: parses and writes WebSocket frames as a client.
 *
 * Owner:   nobody; frames point into the caller's buffer.
 * Thread:  any; no state.
 * Limits:  a length above BENCH_FRAME_LARGEST is an error.
 * Failure: BENCH_FRAME_BAD; 0 means that the frame is incomplete.
 */
#ifndef PEAL_BENCH_FRAME_H
#define PEAL_BENCH_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum bench_opcode {
    BENCH_CONTINUE = 0,
    BENCH_TEXT = 1,
    BENCH_BINARY = 2,
    BENCH_CLOSE = 8,
    BENCH_PING = 9,
    BENCH_PONG = 10,
};

#define BENCH_FRAME_BAD     SIZE_MAX
#define BENCH_FRAME_LARGEST (16u << 20)
/* The largest header of a client's frame. */
#define BENCH_FRAME_HEAD 14

struct bench_frame {
    const unsigned char *data;
    size_t len;
    enum bench_opcode opcode;
    bool final;
};

/* Handles the longer length forms; call bench_frame_parse. */
size_t bench_frame_parse_long(const unsigned char *at, size_t have,
                              struct bench_frame *out);

/* Writes a masked frame at `out` (room for len + BENCH_FRAME_HEAD); returns its
 * total length. */
size_t bench_frame_write(unsigned char *out, enum bench_opcode opcode,
                         uint32_t mask, const unsigned char *data, size_t len);

/* Parses the frame at `at`; returns its length, 0 if it is incomplete, or
 * BENCH_FRAME_BAD if a server must not send it. */
static inline size_t bench_frame_parse(const unsigned char *at, size_t have,
                                       struct bench_frame *out)
{
    /* Fast path: an unfragmented text of up to 125 bytes without reserved
     * bits. */
    if (have < 2 || at[0] != 0x81 || at[1] > 125)
        return bench_frame_parse_long(at, have, out);

    size_t whole = 2 + (size_t)at[1];
    if (have < whole)
        return 0;
    out->data = at + 2;
    out->len = at[1];
    out->opcode = BENCH_TEXT;
    out->final = true;
    return whole;
}

#endif
