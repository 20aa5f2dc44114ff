#include "messaging/frame.h"

#include <stdlib.h>

#include "base/memory.h"

enum {
    FINAL_BIT = 0x80,
    SHORT_MAX = 125, /* fits the 7-bit length */
    LENGTH_16 = 126,
    LENGTH_64 = 127
};

static size_t write_big_endian(char *out, uint64_t number, size_t width)
{
    for (size_t i = 0; i < width; i++)
        out[i] = (char)(number >> (8 * (width - 1 - i)));
    return width;
}

size_t frame_write_header(char out[FRAME_HEADER_MAX], enum frame_opcode opcode,
                          size_t payload_len)
{
    out[0] = (char)(FINAL_BIT | opcode);
    if (payload_len <= SHORT_MAX) {
        out[1] = (char)payload_len;
        return 2;
    }
    if (payload_len <= UINT16_MAX) {
        out[1] = LENGTH_16;
        return 2 + write_big_endian(out + 2, payload_len, 2);
    }
    out[1] = LENGTH_64;
    return 2 + write_big_endian(out + 2, payload_len, 8);
}

static struct frame *make(struct bytes header, struct bytes payload)
{
    size_t len = header.len + payload.len;
    struct frame *frame = memory_resize(NULL, 1, sizeof *frame + len);
    atomic_init(&frame->references, 1);
    frame->header_len = (unsigned)header.len;
    frame->len = len;
    memcpy(frame->data, header.data, header.len);
    if (payload.len)
        memcpy(frame->data + header.len, payload.data, payload.len);
    return frame;
}

static uint64_t read_big_endian(const char *data, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value = value << 8 | (unsigned char)data[i];
    return value;
}

size_t frame_whole_len(struct bytes frames)
{
    unsigned char len = (unsigned char)frames.data[1];
    unsigned extended = len == LENGTH_16 ? 2 : len == LENGTH_64 ? 8 : 0;
    return 2 + extended +
           (extended ? read_big_endian(frames.data + 2, extended) : len);
}

struct frame *frame_new(enum frame_opcode opcode, struct bytes payload)
{
    char header[FRAME_HEADER_MAX];
    size_t len = frame_write_header(header, opcode, payload.len);
    return make((struct bytes){header, len}, payload);
}

struct frame *frame_new_raw(struct bytes frames)
{
    return make(BYTES_LITERAL(""), frames);
}

void frame_unref(struct frame *frame)
{
    if (!frame)
        return;
    if (atomic_fetch_sub_explicit(&frame->references, 1,
                                  memory_order_acq_rel) == 1)
        free(frame);
}
