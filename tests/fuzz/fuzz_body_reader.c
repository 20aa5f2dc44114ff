/* Bodies: however the bytes are split, the reader must find the same pieces and
 * the same end. The first byte selects a chunked body, or its length. An
 * independent decoder of complete texts must agree. */
#include <stdlib.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "fuzz.h"
#include "net/http/body_reader.h"

enum { CUTS_MAX = 512 };

struct outcome {
    enum body_result result;
    size_t at;
    struct buffer body;
};

/* One piece, in a block of exactly its size. */
static void feed(struct body_reader *reader, struct outcome *outcome,
                 struct bytes data)
{
    char *block = memory_new(data.len ? data.len : 1, 1);
    memcpy(block, data.data, data.len);
    struct bytes rest = {block, data.len};
    do {
        size_t taken;
        struct bytes piece;
        outcome->result = body_reader_next(reader, rest, &taken, &piece);
        PANIC_IF(taken > rest.len || piece.len > taken);
        PANIC_IF((outcome->result == BODY_PIECE) != (piece.len > 0));
        PANIC_IF(outcome->result == BODY_MORE && taken != rest.len);
        if (piece.len)
            PANIC_IF(piece.data + piece.len != rest.data + taken);
        buffer_append(&outcome->body, piece);
        outcome->at += taken;
        rest = bytes_skip(rest, taken);
    } while (outcome->result == BODY_PIECE);
    free(block);
}

static struct outcome read_in_steps(struct body_reader reader,
                                    struct bytes data, size_t first,
                                    size_t step)
{
    struct outcome outcome = {0};
    size_t len = first < data.len ? first : data.len;
    for (;;) {
        feed(&reader, &outcome, (struct bytes){data.data, len});
        data = bytes_skip(data, len);
        if (outcome.result != BODY_MORE || !data.len)
            return outcome;
        len = data.len > step ? step : data.len;
    }
}

static void compare(const struct outcome *whole, struct outcome cut)
{
    PANIC_IF(whole->result != cut.result || whole->at != cut.at);
    PANIC_IF(!bytes_equal(buffer_bytes(&whole->body), buffer_bytes(&cut.body)));
    buffer_deinit(&cut.body);
}

/* The line at the start, without its CR LF; NULL if there is none, or if it
 * contains an invalid byte. */
static char *next_line(struct bytes *rest)
{
    const char *end = memmem(rest->data, rest->len, "\r\n", 2);
    if (!end)
        return NULL;
    size_t len = (size_t)(end - rest->data);
    char *line = memory_new(len + 1, 1);
    memcpy(line, rest->data, len);
    *rest = bytes_skip(*rest, len + 2);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)line[i];
        if ((c < ' ' && c != '\t') || c == 0x7f) {
            free(line);
            return NULL;
        }
    }
    return line;
}

#define TOKEN                                                                  \
    "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"                      \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool trailers_are_good(struct bytes *rest)
{
    bool is_last = false;
    bool is_good = true;
    while (is_good && !is_last) {
        char *line = next_line(rest);
        size_t name = line ? strspn(line, TOKEN) : 0;
        is_last = line && !*line;
        is_good = is_last || (name && line[name] == ':');
        free(line);
    }
    return is_good;
}

static bool size_is_good(const char *line, uint64_t *size)
{
    size_t digits = strspn(line, "0123456789abcdefABCDEF");
    *size = strtoull(line, NULL, 16);
    return digits && digits <= 15 &&
           (!line[digits] ||
            (line[digits] == ';' && strspn(line + digits + 1, TOKEN)));
}

/* The body of the whole text, if it is valid; without the limit on
 * extensions. */
static bool decode(struct bytes rest, struct buffer *body, size_t *left)
{
    for (;;) {
        uint64_t size;
        char *line = next_line(&rest);
        bool is_good = line && size_is_good(line, &size);
        free(line);
        if (!is_good || size > rest.len)
            return false;
        buffer_append(body, (struct bytes){rest.data, size});
        rest = bytes_skip(rest, size);
        if (!size) {
            is_good = trailers_are_good(&rest);
            *left = rest.len;
            return is_good;
        }
        if (!bytes_start_with(rest, BYTES_LITERAL("\r\n")))
            return false;
        rest = bytes_skip(rest, 2);
    }
}

static void compare_with_decoder(const struct outcome *whole, struct bytes data)
{
    size_t left = 0;
    struct buffer body = {0};
    bool is_good = decode(data, &body, &left);
    if (data.len <= BODY_EXTRA_BYTES)
        PANIC_IF(is_good != (whole->result == BODY_END));
    if (is_good && whole->result == BODY_END) {
        PANIC_IF(whole->at != data.len - left);
        PANIC_IF(!bytes_equal(buffer_bytes(&whole->body), buffer_bytes(&body)));
    }
    buffer_deinit(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct body_reader reader;
    if (!size || size > 60000)
        return 0;
    bool is_chunked = data[0] % 2;
    struct bytes rest = {(const char *)data + 1, size - 1};
    body_reader_begin(&reader, is_chunked, data[0] / 2);
    struct outcome whole = read_in_steps(reader, rest, rest.len, 1);
    size_t last = rest.len < CUTS_MAX ? rest.len : CUTS_MAX;
    compare(&whole, read_in_steps(reader, rest, 0, 1));
    for (size_t cut = 1; cut < last; cut++)
        compare(&whole, read_in_steps(reader, rest, cut, rest.len));
    if (is_chunked)
        compare_with_decoder(&whole, rest);
    buffer_deinit(&whole.body);
    return 0;
}
