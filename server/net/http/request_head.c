#include "net/http/request_head.h"

#include <ctype.h>
#include <strings.h>

#include "net/http/http_class.h"

/* ---- lists ----------------------------------------------------------------
 */

static bool is_word(struct bytes element, const char *word)
{
    size_t len = strlen(word);
    return element.len == len && strncasecmp(element.data, word, len) == 0;
}

/* The end of the list's element; commas within quotes do not end it. */
static size_t element_end(struct bytes list)
{
    bool is_quoted = false;
    size_t at = 0;
    for (; at < list.len; at++) {
        char c = list.data[at];
        if (c == ',' && !is_quoted)
            return at;
        if (c == '"')
            is_quoted = !is_quoted;
        else if (c == '\\' && is_quoted && at + 1 < list.len)
            at++;
    }
    return at;
}

static struct bytes trimmed(struct bytes bytes)
{
    while (bytes.len && http_is_blank(*bytes.data))
        bytes = bytes_skip(bytes, 1);
    while (bytes.len && http_is_blank(bytes.data[bytes.len - 1]))
        bytes.len--;
    return bytes;
}

bool request_list_has(struct bytes list, const char *word)
{
    while (list.len) {
        size_t end = element_end(list);
        if (is_word(trimmed((struct bytes){list.data, end}), word))
            return true;
        list = bytes_skip(list, end + 1);
    }
    return false;
}

/* ---- percent-encoding ------------------------------------------------------
 */

static bool is_escape(struct bytes encoded)
{
    return encoded.len > 2 && http_is(encoded.data[1], HTTP_HEX) &&
           http_is(encoded.data[2], HTTP_HEX);
}

static char escaped(struct bytes encoded)
{
    return (char)(http_hex_value(encoded.data[1]) << 4 |
                  http_hex_value(encoded.data[2]));
}

/* Keeps invalid escapes; returns false if there are any. */
static bool decode(struct bytes encoded, struct buffer *out)
{
    enum { ESCAPE_LEN = 3 };
    bool is_good = true;
    char *to =
        buffer_reserve(out, encoded.len + 1); /* so that data is not NULL */
    while (encoded.len) {
        bool is_percent = *encoded.data == '%';
        bool is_whole = is_percent && is_escape(encoded);
        is_good &= is_percent == is_whole;
        *to++ = is_whole ? escaped(encoded) : *encoded.data;
        encoded = bytes_skip(encoded, is_whole ? ESCAPE_LEN : 1);
    }
    out->len = (size_t)(to - out->data);
    return is_good;
}

bool request_decode(struct bytes encoded, struct buffer *out)
{
    size_t before = out->len;
    bool is_good = decode(encoded, out);
    if (!is_good)
        out->len = before;
    return is_good;
}

static struct bytes until(struct bytes bytes, char end)
{
    const char *at = bytes.len ? memchr(bytes.data, end, bytes.len) : NULL;
    return (struct bytes){bytes.data,
                          at ? (size_t)(at - bytes.data) : bytes.len};
}

struct bytes request_query_next(struct bytes *rest, const char *name,
                                struct buffer *decoded)
{
    size_t start = decoded->len;
    while (rest->len) {
        struct bytes pair = until(*rest, '&');
        struct bytes key = until(pair, '=');
        *rest = bytes_skip(*rest, pair.len + 1);
        decode(key, decoded);
        struct bytes found = {decoded->data + start, decoded->len - start};
        bool is_found = bytes_equal(found, bytes_of(name));
        decoded->len = start;
        if (!is_found)
            continue;
        decode(bytes_skip(pair, key.len + 1), decoded);
        return (struct bytes){decoded->data + start, decoded->len - start};
    }
    return (struct bytes){0};
}

/* Needs no escape: an unreserved character, or a slash, which would change the
 * path. */
static bool is_needless(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("-._~/", c));
}

bool request_path_is_plain(struct bytes path)
{
    for (; path.len; path = bytes_skip(path, 1))
        if (*path.data == '%' && is_escape(path) && is_needless(escaped(path)))
            return false;
    return true;
}
