/* RFC 6455 frames, read and written as by a client. */
#include "bench_frame.h"

#include <string.h>

enum { FINAL = 0x80, RESERVED = 0x70, MASKED = 0x80, LEN16 = 126, LEN64 = 127 };

static uint64_t read_big_endian(const unsigned char *at, size_t bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

static size_t length_bytes(unsigned char code)
{
    return code == LEN16 ? 2 : code == LEN64 ? 8 : 0;
}

static bool is_known(unsigned char opcode)
{
    return opcode <= BENCH_BINARY ||
           (opcode >= BENCH_CLOSE && opcode <= BENCH_PONG);
}

/* Control frames must be short and unfragmented. */
static bool breaks_rules(const unsigned char *at)
{
    bool control = at[0] & 8;

    return (at[0] & RESERVED) || (at[1] & MASKED) || !is_known(at[0] & 15) ||
           (control && (!(at[0] & FINAL) || at[1] > 125));
}

size_t bench_frame_parse_long(const unsigned char *at, size_t have,
                              struct bench_frame *out)
{
    if (have < 2)
        return 0;
    if (breaks_rules(at))
        return BENCH_FRAME_BAD;

    size_t extra = length_bytes(at[1]);
    if (have < 2 + extra)
        return 0;
    uint64_t len = extra ? read_big_endian(at + 2, extra) : at[1];
    if (len > BENCH_FRAME_LARGEST)
        return BENCH_FRAME_BAD;
    if (have < 2 + extra + len)
        return 0;
    *out = (struct bench_frame){
        .data = at + 2 + extra,
        .len = (size_t)len,
        .opcode = at[0] & 15,
        .final = at[0] & FINAL,
    };
    return 2 + extra + (size_t)len;
}

static size_t write_length(unsigned char *out, size_t len)
{
    if (len < LEN16) {
        out[0] = (unsigned char)(MASKED | len);
        return 1;
    }
    size_t bytes = len <= UINT16_MAX ? 2 : 8;
    out[0] = MASKED | (bytes == 2 ? LEN16 : LEN64);
    for (size_t i = 0; i < bytes; i++)
        out[1 + i] = (unsigned char)((uint64_t)len >> 8 * (bytes - 1 - i));
    return 1 + bytes;
}

/* Eight bytes at a time, because the mask repeats every four. */
static void copy_masked(unsigned char *out, const unsigned char *data,
                        size_t len, uint32_t mask)
{
    uint64_t wide = (uint64_t)mask << 32 | mask;
    size_t i = 0;

    for (; i + 8 <= len; i += 8) {
        uint64_t word;
        memcpy(&word, data + i, 8);
        word ^= wide;
        memcpy(out + i, &word, 8);
    }
    for (; i < len; i++)
        out[i] = data[i] ^ (unsigned char)(mask >> 8 * (i % 4));
}

size_t bench_frame_write(unsigned char *out, enum bench_opcode opcode,
                         uint32_t mask, const unsigned char *data, size_t len)
{
    out[0] = (unsigned char)(FINAL | opcode);
    size_t head = 1 + write_length(out + 1, len);
    for (int i = 0; i < 4; i++)
        out[head++] = (unsigned char)(mask >> 8 * i);
    copy_masked(out + head, data, len, mask);
    return head + len;
}
