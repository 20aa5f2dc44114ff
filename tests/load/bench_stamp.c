/* Fixed width and hexadecimal, so that reading takes a dozen operations on
 * whole words: at millions of texts per second, parsing digits would be too
 * slow. The word operations require a little-endian machine. */
#include "bench_stamp.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "read_hex8 takes the first digit from the lowest byte");

static const char digits[] = "0123456789abcdef";

static void write_hex(unsigned char *out, uint64_t value, int width)
{
    for (int i = width - 1; i >= 0; i--, value >>= 4)
        out[i] = (unsigned char)digits[value & 15];
}

void bench_stamp_write(const struct bench_stamp *self, unsigned char *out)
{
    out[0] = '~';
    write_hex(out + 1, self->run, 8);
    write_hex(out + 9, self->stream, 8);
    write_hex(out + 17, self->sequence, 8);
    write_hex(out + 25, self->due, 16);
}

/* Converts eight digits at once: each byte becomes its nibble, then neighbours
 * are joined to bytes, to halves, to the word. */
static uint32_t read_hex8(const unsigned char *at)
{
    uint64_t x;

    memcpy(&x, at, sizeof x);
    x = (x & 0x0f0f0f0f0f0f0f0fu) + 9 * (x >> 6 & 0x0101010101010101u);
    x = (x << 4 | x >> 8) & 0x00ff00ff00ff00ffu;
    x = (x << 8 | x >> 16) & 0x0000ffff0000ffffu;
    return (uint32_t)(x << 16 | x >> 32);
}

/* Digits have 0x30 in their high half, a to f 0x60. This alone distinguishes a
 * stray '~' in a wrapping. */
static bool looks_hex(const unsigned char *at)
{
    uint64_t x;

    memcpy(&x, at, sizeof x);
    uint64_t kind = x & 0xf0f0f0f0f0f0f0f0u;
    uint64_t letter = kind >> 6 & 0x0101010101010101u;
    return kind == 0x3030303030303030u + letter * 0x30;
}

bool bench_stamp_read(const unsigned char *at, size_t len,
                      struct bench_stamp *out)
{
    if (len < BENCH_STAMP_LEN || at[0] != '~' || !looks_hex(at + 1) ||
        !looks_hex(at + 9) || !looks_hex(at + 17) || !looks_hex(at + 25) ||
        !looks_hex(at + 33))
        return false;

    out->run = read_hex8(at + 1);
    out->stream = read_hex8(at + 9);
    out->sequence = read_hex8(at + 17);
    out->due = (uint64_t)read_hex8(at + 25) << 32 | read_hex8(at + 33);
    return true;
}

static bool search(const unsigned char *text, size_t len, size_t *hint,
                   struct bench_stamp *out)
{
    const unsigned char *end = text + len;
    const unsigned char *at = text;

    while ((at = memchr(at, '~', (size_t)(end - at)))) {
        if (bench_stamp_read(at, (size_t)(end - at), out)) {
            *hint = (size_t)(at - text);
            return true;
        }
        at++;
    }
    return false;
}

bool bench_stamp_find(const unsigned char *text, size_t len, size_t *hint,
                      struct bench_stamp *out)
{
    if (*hint < len && bench_stamp_read(text + *hint, len - *hint, out))
        return true;
    return search(text, len, hint, out);
}
