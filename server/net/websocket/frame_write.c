#include "net/websocket/frame_write.h"

#include <string.h>

#include "base/memory.h"
#include "messaging/close_reason.h"

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

static uint64_t read_big_endian(const char *data, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value = value << 8 | (unsigned char)data[i];
    return value;
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

size_t frame_write_control(char out[FRAME_CONTROL_SIZE],
                           enum frame_opcode opcode, struct bytes payload)
{
    PANIC_IF(payload.len > FRAME_CONTROL_MAX);
    size_t len = frame_write_header(out, opcode, payload.len);
    if (payload.len)
        memcpy(out + len, payload.data, payload.len);
    return len + payload.len;
}

size_t frame_write_close(char out[FRAME_CONTROL_SIZE], int code,
                         const char *text)
{
    _Static_assert(CLOSE_TEXT_MAX + 2 <= FRAME_CONTROL_MAX, "a text fits");
    char body[FRAME_CONTROL_MAX];
    size_t text_len = strlen(text);
    if (code == FRAME_NO_STATUS)
        return frame_write_control(out, FRAME_CLOSE, (struct bytes){0});
    PANIC_IF(text_len > CLOSE_TEXT_MAX);
    body[0] = (char)(code >> 8);
    body[1] = (char)code;
    memcpy(body + 2, text, text_len);
    return frame_write_control(out, FRAME_CLOSE,
                               (struct bytes){body, 2 + text_len});
}

/* ---- the framing --------------------------------------------------------- */

/* The header's length is known only once the payload is there. */
static size_t put_header(struct buffer *out, enum frame_opcode opcode)
{
    _Static_assert((int)FRAME_HEADER_MAX <= (int)FRAMING_ROOM, "it fits");
    char header[FRAME_HEADER_MAX];
    size_t len = frame_write_header(header, opcode, out->len - FRAMING_ROOM);
    memcpy(out->data + FRAMING_ROOM - len, header, len);
    return FRAMING_ROOM - len;
}

static enum frame_opcode opcode_of(enum payload_kind kind)
{
    return kind == PAYLOAD_BINARY ? FRAME_BINARY : FRAME_TEXT;
}

static size_t wrap(struct buffer *out, enum payload_kind kind)
{
    return put_header(out, opcode_of(kind));
}

/* RFC 6455 section 5.4. */
static size_t wrap_part(struct buffer *out, enum payload_kind kind,
                        bool is_first, bool is_last)
{
    size_t start =
        put_header(out, is_first ? opcode_of(kind) : FRAME_CONTINUATION);
    if (!is_last)
        out->data[start] &= (char)~FINAL_BIT;
    return start;
}

static size_t whole_len(struct bytes frames)
{
    unsigned char len = (unsigned char)frames.data[1];
    unsigned extended = len == LENGTH_16 ? 2 : len == LENGTH_64 ? 8 : 0;
    return 2 + extended +
           (extended ? read_big_endian(frames.data + 2, extended) : len);
}

const struct framing frame_write_framing = {
    .number = 0,
    .wrap = wrap,
    .wrap_part = wrap_part,
    .whole_len = whole_len,
};
