#include "net/http/body_reader.h"

#include "net/http/http_class.h"

/* The element that the next byte belongs to. */
enum state {
    LENGTH, /* a body of known length */
    SIZE,
    EXTENSION_START,
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER_START,
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    LAST_LF,
    ENDED,
    FAILED
};

/* Continues if the byte is valid. */
static void expect(struct body_reader *reader, bool is_right, enum state next)
{
    reader->state = (uint8_t)(is_right ? next : FAILED);
}

/* Fifteen digits suffice for any body, and cannot overflow. */
static void read_size(struct body_reader *reader, char c)
{
    enum { DIGITS_MAX = 15 };
    if (http_is(c, HTTP_HEX) && reader->digits < DIGITS_MAX) {
        reader->digits++;
        reader->left = reader->left << 4 | http_hex_value(c);
    } else if (c == ';') {
        expect(reader, reader->digits, EXTENSION_START);
    } else {
        expect(reader, c == '\r' && reader->digits, SIZE_LF);
    }
}

static void end_size(struct body_reader *reader, char c)
{
    reader->digits = 0;
    expect(reader, c == '\n', reader->left ? DATA : TRAILER_START);
}

/* A byte of an extension or a trailer. */
static void read_extra(struct body_reader *reader, char c, unsigned classes,
                       enum state next)
{
    bool is_good = http_is(c, classes) && reader->extra < BODY_EXTRA_BYTES;
    reader->extra += is_good;
    expect(reader, is_good, next);
}

/* A field line, as in a head. */
static void read_trailer(struct body_reader *reader, char c)
{
    bool is_first = reader->state == TRAILER_START;
    if (c == '\r' && is_first)
        reader->state = LAST_LF;
    else if (c == ':' && !is_first)
        reader->state = TRAILER_VALUE;
    else
        read_extra(reader, c, HTTP_TOKEN, TRAILER_NAME);
}

/* RFC 9112 section 7.1: a byte outside of the body. */
static void read_frame(struct body_reader *reader, char c)
{
    switch ((enum state)reader->state) {
    case SIZE:
        read_size(reader, c);
        break;
    case EXTENSION_START: /* section 7.1.1: it has a name */
        read_extra(reader, c, HTTP_TOKEN, EXTENSION);
        break;
    case EXTENSION:
        if (c == '\r')
            reader->state = SIZE_LF;
        else
            read_extra(reader, c, HTTP_TEXT, EXTENSION);
        break;
    case SIZE_LF:
        end_size(reader, c);
        break;
    case DATA_CR:
        expect(reader, c == '\r', DATA_LF);
        break;
    case DATA_LF:
        expect(reader, c == '\n', SIZE);
        break;
    case TRAILER_START:
    case TRAILER_NAME:
        read_trailer(reader, c);
        break;
    case TRAILER_VALUE:
        if (c == '\r')
            reader->state = TRAILER_LF;
        else
            read_extra(reader, c, HTTP_TEXT, TRAILER_VALUE);
        break;
    case TRAILER_LF:
        expect(reader, c == '\n', TRAILER_START);
        break;
    default: /* LAST_LF */
        expect(reader, c == '\n', ENDED);
        break;
    }
}

static bool is_body(const struct body_reader *reader)
{
    return reader->state == LENGTH || reader->state == DATA;
}

static struct bytes take_piece(struct body_reader *reader, struct bytes data)
{
    size_t len = data.len < reader->left ? data.len : reader->left;
    reader->left -= len;
    if (!reader->left)
        reader->state = reader->is_chunked ? DATA_CR : ENDED;
    return (struct bytes){data.data, len};
}

void body_reader_begin(struct body_reader *reader, bool is_chunked,
                       uint64_t len)
{
    *reader = (struct body_reader){
        .is_chunked = is_chunked,
        .left = is_chunked ? 0 : len,
        .state = is_chunked ? SIZE
                 : len      ? LENGTH
                            : ENDED,
    };
}

enum body_result body_reader_next(struct body_reader *reader, struct bytes data,
                                  size_t *taken, struct bytes *piece)
{
    size_t at = 0;
    *piece = (struct bytes){0};
    while (at < data.len && reader->state < ENDED && !is_body(reader)) {
        read_frame(reader, data.data[at]);
        at += reader->state != FAILED;
    }
    if (at < data.len && is_body(reader)) {
        *piece = take_piece(reader, bytes_skip(data, at));
        *taken = at + piece->len;
        return BODY_PIECE;
    }
    *taken = at;
    if (reader->state == FAILED)
        return BODY_BAD;
    return reader->state == ENDED ? BODY_END : BODY_MORE;
}
