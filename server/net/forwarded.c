#include "net/forwarded.h"

#include <string.h>
#include <strings.h>

enum { NODE_MAX = 64 }; /* longer than any address with a port */

/* The last ones found, each written over the one FORWARDED_MAX before. */
struct found {
    size_t count;
    struct ip_address ring[FORWARDED_MAX];
};

/* What is being read: the rest of a line. */
struct line {
    const char *at;
    const char *end;
};

struct value {
    size_t len;
    char text[NODE_MAX];
};

static void add(struct found *found, const struct ip_address *address)
{
    found->ring[found->count++ % FORWARDED_MAX] = *address;
}

/* ---- RFC 9110, section 5.6 ---- */

static bool is_token(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool take(struct line *line, char c)
{
    if (line->at == line->end || *line->at != c)
        return false;
    line->at++;
    return true;
}

static void skip_blanks(struct line *line)
{
    while (take(line, ' ') || take(line, '\t'))
        ;
}

static struct bytes take_token(struct line *line)
{
    const char *start = line->at;
    while (line->at < line->end && is_token(*line->at))
        line->at++;
    return (struct bytes){start, (size_t)(line->at - start)};
}

/* One byte more; what does not fit is no address. */
static void keep(struct value *value, char c)
{
    if (value->len < NODE_MAX)
        value->text[value->len] = c;
    value->len++;
}

static bool take_quoted(struct line *line, struct value *value)
{
    while (line->at < line->end && *line->at != '"') {
        if (*line->at == '\\' && ++line->at == line->end)
            return false;
        keep(value, *line->at++);
    }
    return take(line, '"');
}

static bool take_value(struct line *line, struct value *value)
{
    value->len = 0;
    if (take(line, '"'))
        return take_quoted(line, value);
    struct bytes token = take_token(line);
    for (size_t i = 0; i < token.len; i++)
        keep(value, token.data[i]);
    return token.len > 0;
}

/* ---- RFC 7239, section 6: nodename [":" node-port] ---- */

static bool is_letter_or_digit(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static bool is_port(struct bytes text)
{
    enum { DIGITS_MAX = 5 };
    bool is_hidden = text.len > 1 && *text.data == '_';
    if (!text.len || (!is_hidden && text.len > DIGITS_MAX))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        bool is_good = is_hidden
                           ? is_letter_or_digit(c) || (c && strchr("._-", c))
                           : c >= '0' && c <= '9';
        if (!is_good)
            return false;
    }
    return true;
}

/* None for "unknown", an obfuscated name, and what is neither. */
static struct ip_address read_node(const struct value *value)
{
    struct ip_address address = {0};
    const struct ip_address none = {0};
    if (!value->len || value->len > NODE_MAX)
        return none;
    struct bytes node = {value->text, value->len};
    bool is_v6 = *node.data == '[';
    const char *end = memchr(node.data, is_v6 ? ']' : ':', node.len);
    struct bytes name = node;
    struct bytes rest = {0};
    if (end) {
        name.len = (size_t)(end - node.data);
        rest = bytes_skip(node, name.len + is_v6);
    }
    name = bytes_skip(name, is_v6);
    bool has_colon = memchr(name.data, ':', name.len) != NULL;
    bool is_good = is_v6 ? end && has_colon : !has_colon;
    if (rest.len)
        is_good = is_good && *rest.data == ':' && is_port(bytes_skip(rest, 1));
    return is_good && ip_address_parse(name, &address) ? address : none;
}

/* ---- RFC 7239, section 4: elements of pairs ---- */

/* `is_for`: it was that pair, whose value is left in `node`. */
static bool take_pair(struct line *line, struct value *node, bool *is_for)
{
    struct value other;
    struct bytes name = take_token(line);
    *is_for = name.len == 3 && strncasecmp(name.data, "for", 3) == 0;
    return name.len && take(line, '=') &&
           take_value(line, *is_for ? node : &other);
}

/* Up to the next comma. An element that is empty counts as none at all (RFC
 * 9110 section 5.6.1.2). */
static bool take_element(struct line *line, struct found *found)
{
    struct value node = {0};
    bool has_pair = false;
    bool has_for = false;
    do {
        bool is_for;
        skip_blanks(line);
        if (line->at == line->end || *line->at == ';' || *line->at == ',')
            continue;
        if (!take_pair(line, &node, &is_for) || (is_for && has_for))
            return false;
        has_pair = true;
        has_for |= is_for;
        skip_blanks(line);
    } while (take(line, ';'));
    struct ip_address address = read_node(&node);
    if (has_pair)
        add(found, &address);
    return line->at == line->end || *line->at == ',';
}

static void read_line(struct bytes text, struct found *found)
{
    const struct ip_address none = {0};
    struct line line = {text.data, text.data + text.len};
    bool is_good = take_element(&line, found);
    while (is_good && take(&line, ','))
        is_good = take_element(&line, found);
    if (!is_good)
        add(found, &none); /* what stands left of it is out of reach */
}

size_t forwarded_read(struct bytes lines,
                      struct ip_address addresses[FORWARDED_MAX])
{
    struct found found = {0};
    while (lines.len) {
        const char *end = memchr(lines.data, '\n', lines.len);
        size_t len = end ? (size_t)(end - lines.data) : lines.len;
        read_line((struct bytes){lines.data, len}, &found);
        lines = bytes_skip(lines, end ? len + 1 : len);
    }
    size_t count = found.count < FORWARDED_MAX ? found.count : FORWARDED_MAX;
    for (size_t i = 0; i < count; i++)
        addresses[i] = found.ring[(found.count - 1 - i) % FORWARDED_MAX];
    return count;
}
