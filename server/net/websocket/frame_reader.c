#include "net/websocket/frame_reader.h"

#include "base/utf8.h"
#include "net/websocket/frame_write.h"

enum { CONTROL_MAX = 125, MASK_LEN = 4 };

/* RFC 6455 section 7.4.1 */
enum { PROTOCOL_ERROR = 1002, NO_CODE = 1005, NOT_UTF8 = 1007 };

/* The header of a frame. */
struct head {
    uint8_t opcode;
    bool is_final;
    size_t len; /* with the length field and the mask */
    uint64_t payload_len;
};

static uint64_t read_number(const uint8_t *at, size_t len)
{
    uint64_t number = 0;
    while (len--)
        number = number << 8 | *at++;
    return number;
}

static bool is_control(const struct head *head)
{
    return head->opcode & 8;
}

/* RFC 6455 section 5.2: reserved bits are 0 unless an extension was
 * negotiated, and most opcodes are reserved; 5.4: the fragments of one message
 * follow each other; 5.5: a control frame is not fragmented. */
static bool first_byte_is_good(const struct frame_reader *reader, uint8_t byte,
                               struct head *head)
{
    head->opcode = byte & 0x0f;
    head->is_final = byte & 0x80;
    if (byte & 0x70)
        return false;
    switch (head->opcode) {
    case FRAME_CONTINUATION:
        return reader->opcode;
    case FRAME_TEXT:
    case FRAME_BINARY:
        return !reader->opcode;
    case FRAME_CLOSE:
    case FRAME_PING:
    case FRAME_PONG:
        return head->is_final;
    default:
        return false;
    }
}

/* RFC 6455 section 5.1: a client masks; 5.5: a control frame is short; 5.5.1:
 * a close frame has no body, or a code of two bytes in it. */
static bool second_byte_is_good(uint8_t byte, struct head *head)
{
    uint8_t len = byte & 0x7f;
    size_t field = len == 127 ? 8 : len == 126 ? 2 : 0;
    head->len = 2 + field + MASK_LEN;
    head->payload_len = len;
    if (is_control(head) && len > CONTROL_MAX)
        return false;
    return byte & 0x80 && !(head->opcode == FRAME_CLOSE && len == 1);
}

/* RFC 6455 section 5.2: the shortest field that will do, and no top bit. */
static bool length_is_good(const uint8_t *data, struct head *head)
{
    if (head->payload_len <= CONTROL_MAX)
        return true;
    size_t field = head->len - 2 - MASK_LEN;
    head->payload_len = read_number(data + 2, field);
    if (field == 2)
        return head->payload_len > CONTROL_MAX;
    return head->payload_len > UINT16_MAX && !(head->payload_len >> 63);
}

enum seen { GOOD, CUT, BAD };

static enum seen read_head(const struct frame_reader *reader,
                           const uint8_t *data, size_t len, struct head *head)
{
    if (len < 1)
        return CUT;
    if (!first_byte_is_good(reader, data[0], head))
        return BAD;
    if (len < 2)
        return CUT;
    if (!second_byte_is_good(data[1], head))
        return BAD;
    /* the mask may follow later, but the length is checked immediately */
    if (len < head->len - MASK_LEN)
        return CUT;
    if (!length_is_good(data, head))
        return BAD;
    size_t whole = head->len + (is_control(head) ? head->payload_len : 0);
    return len < whole ? CUT : GOOD;
}

/* Returns the mask rotated so that it begins with the next byte. The mask is
 * kept in memory order, so endianness does not matter. */
static uint32_t unmask(char *data, size_t len, uint32_t mask)
{
    char twice[2 * MASK_LEN];
    memcpy(twice, &mask, MASK_LEN);
    memcpy(twice + MASK_LEN, &mask, MASK_LEN);
    uint64_t words;
    memcpy(&words, twice, sizeof words);
    size_t at = 0;
    for (; at + sizeof words <= len; at += sizeof words) {
        uint64_t word;
        memcpy(&word, data + at, sizeof word);
        word ^= words;
        memcpy(data + at, &word, sizeof word);
    }
    for (size_t i = 0; at + i < len; i++)
        data[at + i] ^= twice[i];
    memcpy(&mask, twice + len % MASK_LEN, MASK_LEN);
    return mask;
}

static enum frame_event give_data(struct frame_reader *reader, char *data,
                                  size_t len, size_t *taken,
                                  struct frame_piece *piece)
{
    size_t there = reader->left < len ? reader->left : len;
    reader->mask = unmask(data, there, reader->mask);
    reader->left -= there;
    *taken += there;
    piece->payload = (struct bytes){data, there};
    piece->remaining = reader->left;
    piece->is_last = reader->is_final && !reader->left;
    piece->is_binary = reader->opcode == FRAME_BINARY;
    if (piece->is_last)
        reader->opcode = 0;
    return FRAME_EVENT_DATA;
}

static enum frame_event give_bad(struct frame_piece *piece, int code)
{
    *piece = (struct frame_piece){.code = code};
    return FRAME_EVENT_BAD;
}

/* RFC 6455 section 7.4: 1004 is reserved, 1005, 1006 and 1015 stand for what
 * was never sent; the codes from 1012 to 1014 were registered later, those
 * beyond them up to 2999 are for future versions. */
static bool code_may_be_sent(int code)
{
    if (code < 1000 || code > 4999)
        return false;
    if (code >= 3000)
        return true;
    return code <= 1014 && (code < 1004 || code > 1006);
}

static enum frame_event give_close(struct frame_reader *reader,
                                   struct frame_piece *piece)
{
    reader->is_over = true;
    piece->code = NO_CODE;
    if (!piece->payload.len)
        return FRAME_EVENT_CLOSE;
    piece->code = (int)read_number((const uint8_t *)piece->payload.data, 2);
    piece->payload = bytes_skip(piece->payload, 2);
    if (!code_may_be_sent(piece->code))
        return give_bad(piece, PROTOCOL_ERROR);
    if (!utf8_is_valid(piece->payload))
        return give_bad(piece, NOT_UTF8);
    return FRAME_EVENT_CLOSE;
}

/* The frame is complete. */
static enum frame_event give_control(struct frame_reader *reader,
                                     const struct head *head, uint32_t mask,
                                     char *data, size_t *taken,
                                     struct frame_piece *piece)
{
    unmask(data, head->payload_len, mask);
    *taken += head->payload_len;
    piece->payload = (struct bytes){data, head->payload_len};
    if (head->opcode == FRAME_CLOSE)
        return give_close(reader, piece);
    return head->opcode == FRAME_PING ? FRAME_EVENT_PING : FRAME_EVENT_PONG;
}

static enum frame_event give_frame(struct frame_reader *reader,
                                   const struct head *head, char *data,
                                   size_t len, size_t *taken,
                                   struct frame_piece *piece)
{
    uint32_t mask;
    memcpy(&mask, data + head->len - MASK_LEN, MASK_LEN);
    *taken = head->len;
    if (is_control(head))
        return give_control(reader, head, mask, data + head->len, taken, piece);
    if (head->opcode)
        reader->opcode = head->opcode;
    reader->is_final = head->is_final;
    reader->left = head->payload_len;
    reader->mask = mask;
    return give_data(reader, data + head->len, len - head->len, taken, piece);
}

enum frame_event frame_reader_next(struct frame_reader *reader, char *data,
                                   size_t len, size_t *taken,
                                   struct frame_piece *piece)
{
    struct head head;
    *taken = 0;
    *piece = (struct frame_piece){0};
    if (!len || reader->is_over)
        return FRAME_EVENT_MORE;
    if (reader->left)
        return give_data(reader, data, len, taken, piece);
    switch (read_head(reader, (const uint8_t *)data, len, &head)) {
    case CUT:
        return FRAME_EVENT_MORE;
    case BAD:
        return give_bad(piece, PROTOCOL_ERROR);
    default:
        return give_frame(reader, &head, data, len, taken, piece);
    }
}
