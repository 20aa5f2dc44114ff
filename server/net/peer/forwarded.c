#include "net/peer/forwarded.h"

#include <string.h>
#include <strings.h>

enum { NODE_MAX = 64 }; /* longer than any address with a port */

/* A ring of the last FORWARDED_MAX hops. */
struct found {
    size_t count;
    struct forwarded_hop ring[FORWARDED_MAX];
};

/* The parser's state: the rest of a line. */
struct line {
    const char *at;
    const char *end;
};

struct value {
    size_t len;
    char text[NODE_MAX];
};

static void add(struct found *found, const struct forwarded_hop *hop)
{
    found->ring[found->count++ % FORWARDED_MAX] = *hop;
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

/* Appends a byte; a text that does not fit is not an address. */
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

/* The relevant pairs of an element; each may occur once. */
struct element {
    bool has_pair; /* any */
    bool has_for;
    bool has_proto;
    struct value node;
    struct value proto;
};

static bool is_name(struct bytes name, const char *wanted)
{
    return name.len == strlen(wanted) &&
           strncasecmp(name.data, wanted, name.len) == 0;
}

static bool take_pair(struct line *line, struct element *element)
{
    struct value other;
    struct value *value = &other;
    bool *has_it = &element->has_pair;
    bool is_twice = false;
    struct bytes name = take_token(line);
    if (is_name(name, "for")) {
        value = &element->node;
        has_it = &element->has_for;
        is_twice = *has_it;
    } else if (is_name(name, "proto")) {
        value = &element->proto;
        has_it = &element->has_proto;
        is_twice = *has_it;
    }
    *has_it = element->has_pair = true;
    return name.len && !is_twice && take(line, '=') && take_value(line, value);
}

static struct forwarded_hop hop_of(const struct element *element)
{
    const struct value *proto = &element->proto;
    bool is_short = proto->len <= NODE_MAX;
    return (struct forwarded_hop){
        .from = read_node(&element->node),
        .is_https = is_short &&
                    is_name((struct bytes){proto->text, proto->len}, "https"),
    };
}

/* Up to the next comma. An element that is empty counts as none at all (RFC
 * 9110 section 5.6.1.2). */
static bool take_element(struct line *line, struct found *found)
{
    struct element element = {0};
    do {
        skip_blanks(line);
        if (line->at == line->end || *line->at == ';' || *line->at == ',')
            continue;
        if (!take_pair(line, &element))
            return false;
        skip_blanks(line);
    } while (take(line, ';'));
    struct forwarded_hop hop = hop_of(&element);
    if (element.has_pair)
        add(found, &hop);
    return line->at == line->end || *line->at == ',';
}

static void read_line(struct bytes text, struct found *found)
{
    const struct forwarded_hop none = {0};
    struct line line = {text.data, text.data + text.len};
    bool is_good = take_element(&line, found);
    while (is_good && take(&line, ','))
        is_good = take_element(&line, found);
    if (!is_good)
        add(found, &none); /* entries further left are unreachable */
}

size_t forwarded_read(struct bytes lines,
                      struct forwarded_hop hops[FORWARDED_MAX])
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
        hops[i] = found.ring[(found.count - 1 - i) % FORWARDED_MAX];
    return count;
}

/* ---- X-Forwarded-For ----------------------------------------------------- */

/* Removes the last element of the list; returns it without spaces. */
static struct bytes take_last(struct bytes *list)
{
    const char *comma = memrchr(list->data, ',', list->len);
    size_t start = comma ? (size_t)(comma - list->data) + 1 : 0;
    struct bytes last = bytes_skip(*list, start);
    list->len = comma ? start - 1 : 0;
    while (last.len && strchr(" \t", *last.data))
        last = bytes_skip(last, 1);
    while (last.len && strchr(" \t", last.data[last.len - 1]))
        last.len--;
    return last;
}

/* Some proxies add the port: 192.0.2.1:4711, [2001:db8::1]:4711 */
static struct bytes without_port(struct bytes element)
{
    const char *colon = memchr(element.data, ':', element.len);
    const char *bracket = memchr(element.data, ']', element.len);
    if (*element.data == '[' && bracket)
        return (struct bytes){element.data + 1,
                              (size_t)(bracket - element.data) - 1};
    if (colon && colon == memrchr(element.data, ':', element.len))
        element.len = (size_t)(colon - element.data);
    return element;
}

size_t forwarded_read_x_for(struct bytes list,
                            struct forwarded_hop hops[FORWARDED_MAX])
{
    size_t count = 0;
    while (list.len && count < FORWARDED_MAX) {
        struct bytes element = take_last(&list);
        struct forwarded_hop *hop = &hops[count++];
        *hop = (struct forwarded_hop){0};
        if (!element.len ||
            !ip_address_parse(without_port(element), &hop->from)) {
            *hop = (struct forwarded_hop){0};
            break; /* entries further left are unreachable */
        }
    }
    return count;
}
