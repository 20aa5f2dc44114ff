#include "net/listen/proxy_header.h"

#include <string.h>

/* Whether `data` begins with `mark`, as far as there are bytes. */
static bool may_begin_with(struct bytes data, struct bytes mark)
{
    size_t len = data.len < mark.len ? data.len : mark.len;
    return memcmp(data.data, mark.data, len) == 0;
}

/* --- version 1: a line of text (section 2.1) ------------------------------ */

enum { LINE_MAX_BYTES = 107 };

/* The next word of the line, ended by one space or the end of the line. */
static bool next_word(struct bytes *line, struct bytes *word)
{
    const char *blank = memchr(line->data, ' ', line->len);
    size_t len = blank ? (size_t)(blank - line->data) : line->len;
    *word = (struct bytes){line->data, len};
    *line = bytes_skip(*line, len + (blank != NULL));
    return len > 0;
}

static bool is_port(struct bytes word)
{
    unsigned port = 0;
    for (size_t i = 0; i < word.len; i++) {
        if (word.data[i] < '0' || word.data[i] > '9')
            return false;
        port = port * 10 + (unsigned)(word.data[i] - '0');
    }
    bool has_zero = word.len > 1 && word.data[0] == '0';
    return word.len && word.len <= 5 && port <= 65535 && !has_zero;
}

/* An address of that family, as the first word has named it. */
static bool read_address(struct bytes word, bool is_v6, struct ip_address *out)
{
    bool has_colon = memchr(word.data, ':', word.len);
    return has_colon == is_v6 && ip_address_parse(word, out);
}

/* TCP4 192.0.2.1 198.51.100.1 56324 443 */
static bool read_words(struct bytes line, struct proxy_header *out)
{
    struct bytes family, source, target, from;
    struct ip_address ignored;
    if (!next_word(&line, &family))
        return false;
    if (bytes_equal(family, BYTES_LITERAL("UNKNOWN")))
        return true; /* the rest of the line is ignored */
    bool is_v6 = bytes_equal(family, BYTES_LITERAL("TCP6"));
    if (!is_v6 && !bytes_equal(family, BYTES_LITERAL("TCP4")))
        return false;
    bool has_all = next_word(&line, &source) && next_word(&line, &target) &&
                   next_word(&line, &from);
    out->has_address = true;
    return has_all && is_port(from) && is_port(line) &&
           read_address(source, is_v6, &out->address) &&
           read_address(target, is_v6, &ignored);
}

static enum proxy_header_state read_line(struct bytes data,
                                         struct proxy_header *out)
{
    const struct bytes mark = BYTES_LITERAL("PROXY ");
    size_t seen = data.len < LINE_MAX_BYTES ? data.len : LINE_MAX_BYTES;
    const char *end = memchr(data.data, '\n', seen);
    if (!end)
        return seen < LINE_MAX_BYTES ? PROXY_HEADER_PARTIAL : PROXY_HEADER_BAD;
    size_t len = (size_t)(end - data.data);
    if (len < mark.len + 1 || data.data[len - 1] != '\r')
        return PROXY_HEADER_BAD;
    out->len = len + 1;
    struct bytes line = {data.data + mark.len, len - 1 - mark.len};
    return read_words(line, out) ? PROXY_HEADER_GOOD : PROXY_HEADER_BAD;
}

/* --- version 2: binary (section 2.2) -------------------------------------- */

enum {
    FIXED_BYTES = 16, /* signature, version and command, family, length */
    VERSION = 2,
    LOCAL = 0,
    PROXY = 1,
    UNSPECIFIED = 0x00,
    TCP_V4 = 0x11,
    TCP_V6 = 0x21,
    UNIX_STREAM = 0x31
};

/* The minimum length of the addresses, by family; -1: unsupported. */
static int addresses_len(unsigned char family)
{
    switch (family) {
    case UNSPECIFIED:
        return 0;
    case TCP_V4:
        return 12;
    case TCP_V6:
        return 36;
    case UNIX_STREAM:
        return 216;
    default:
        return -1;
    }
}

static bool read_addresses(const unsigned char *at, unsigned char family,
                           size_t len, struct proxy_header *out)
{
    int least = addresses_len(family);
    if (least < 0 || len < (size_t)least)
        return false;
    out->has_address = family == TCP_V4 || family == TCP_V6;
    if (family == TCP_V4)
        out->address = ip_address_of_v4(at);
    else if (family == TCP_V6)
        memcpy(out->address.bytes, at, sizeof out->address.bytes);
    return true;
}

static enum proxy_header_state read_binary(struct bytes data,
                                           struct proxy_header *out)
{
    if (data.len < FIXED_BYTES)
        return PROXY_HEADER_PARTIAL;
    const unsigned char *at = (const unsigned char *)data.data;
    unsigned char command = at[12] & 0x0f, family = at[13];
    size_t len = (size_t)at[14] << 8 | at[15];
    out->len = FIXED_BYTES + len;
    if (at[12] >> 4 != VERSION || command > PROXY ||
        out->len > PROXY_HEADER_MAX)
        return PROXY_HEADER_BAD;
    if (data.len < out->len)
        return PROXY_HEADER_PARTIAL;
    bool good =
        command == LOCAL || read_addresses(at + FIXED_BYTES, family, len, out);
    return good ? PROXY_HEADER_GOOD : PROXY_HEADER_BAD;
}

enum proxy_header_state proxy_header_read(struct bytes data,
                                          struct proxy_header *out)
{
    static const char signature[] = "\r\n\r\n\0\r\nQUIT\n";
    *out = (struct proxy_header){0};
    if (!data.len)
        return PROXY_HEADER_PARTIAL;
    if (may_begin_with(data, BYTES_LITERAL("PROXY ")))
        return read_line(data, out);
    if (may_begin_with(data, (struct bytes){signature, sizeof signature - 1}))
        return read_binary(data, out);
    return PROXY_HEADER_BAD;
}
