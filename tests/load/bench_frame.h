/* bench_frame: WebSocket frames, the client's side: parse and write.
 *
 * Owner:   nobody; frames point into the caller's buffer.
 * Thread:  any; no state.
 * Limits:  a length above BENCH_FRAME_LARGEST is an error.
 * Failure: BENCH_FRAME_BAD; 0 means that the rest has not come yet.
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
/* What a client's frame needs before its payload, at most. */
#define BENCH_FRAME_HEAD 14

struct bench_frame {
    const unsigned char *data;
    size_t len;
    enum bench_opcode opcode;
    bool final;
};

/* For frames with the longer lengths; call bench_frame_parse. */
size_t bench_frame_parse_long(const unsigned char *at, size_t have,
                              struct bench_frame *out);

/* Writes a masked frame at `out` (room for len + BENCH_FRAME_HEAD) and
 * returns its whole length. */
size_t bench_frame_write(unsigned char *out, enum bench_opcode opcode,
                         uint32_t mask, const unsigned char *data, size_t len);

/* Takes the frame at `at`; returns how many bytes it is long, 0 when not
 * all of it is there, BENCH_FRAME_BAD when a server must not send it. */
static inline size_t bench_frame_parse(const unsigned char *at, size_t have,
                                       struct bench_frame *out)
{
    /* The usual: whole text, up to 125 bytes, nothing reserved. */
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
