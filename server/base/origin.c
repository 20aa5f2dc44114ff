#include "base/origin.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdint.h>
#include <strings.h>

struct origin {
    struct bytes scheme;
    struct bytes host;
    uint32_t port; /* 0: the scheme has no default */
};

struct pattern {
    struct origin origin;
    bool is_any_host; /* below the host, which then begins with a dot */
    bool is_any_port;
};

static bool equal_ignoring_case(struct bytes a, struct bytes b)
{
    return a.len == b.len && strncasecmp(a.data, b.data, a.len) == 0;
}

static bool all_of(struct bytes text, const char *marks)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (!(c < 0x80 && isalnum(c)) && (!c || !strchr(marks, c)))
            return false;
    }
    return text.len > 0;
}

static uint32_t default_port(struct bytes scheme)
{
    if (equal_ignoring_case(scheme, BYTES_LITERAL("https")))
        return 443;
    return equal_ignoring_case(scheme, BYTES_LITERAL("http")) ? 80 : 0;
}

static bool parse_port(struct bytes text, uint32_t *port)
{
    uint32_t number = 0;
    if (!text.len || text.len > 5)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!isdigit((unsigned char)text.data[i]))
            return false;
        number = number * 10 + (uint32_t)(text.data[i] - '0');
    }
    *port = number;
    return number > 0 && number <= 65535;
}

/* The length of the host in `text`: up to the colon before a port. */
static size_t host_len(struct bytes text)
{
    bool is_ipv6 = text.len && text.data[0] == '[';
    const char *end = memchr(text.data, is_ipv6 ? ']' : ':', text.len);
    if (!end)
        return text.len;
    return (size_t)(end - text.data) + (is_ipv6 ? 1 : 0);
}

static bool is_host(struct bytes host)
{
    bool is_ipv6 = host.len > 2 && host.data[0] == '[';
    if (is_ipv6)
        return host.data[host.len - 1] == ']' &&
               all_of((struct bytes){host.data + 1, host.len - 2}, ":.");
    return all_of(host, "-._");
}

/* Reads `host[:port]`; a missing port leaves the value unchanged. */
static bool parse_authority(struct bytes text, struct bytes *host,
                            uint32_t *port)
{
    if (!text.len)
        return false;
    size_t len = host_len(text);
    struct bytes rest = bytes_skip(text, len);
    *host = (struct bytes){text.data, len};
    if (!is_host(*host))
        return false;
    return rest.len == 0 ||
           (rest.data[0] == ':' && parse_port(bytes_skip(rest, 1), port));
}

/* Removes `scheme://`. */
static bool parse_scheme(struct bytes *text, struct bytes *scheme)
{
    const char *mark =
        text->len ? memmem(text->data, text->len, "://", 3) : NULL;
    if (!mark)
        return false;
    *scheme = (struct bytes){text->data, (size_t)(mark - text->data)};
    *text = bytes_skip(*text, scheme->len + 3);
    return all_of(*scheme, "+-.");
}

static bool parse(struct bytes text, struct origin *origin)
{
    if (!parse_scheme(&text, &origin->scheme))
        return false;
    origin->port = default_port(origin->scheme);
    return parse_authority(text, &origin->host, &origin->port);
}

/* Removes `end`. */
static bool cut_end(struct bytes *text, struct bytes end)
{
    if (text->len < end.len ||
        !bytes_equal(bytes_skip(*text, text->len - end.len), end))
        return false;
    text->len -= end.len;
    return true;
}

/* Like parse, with `*.` before the host and `:*` instead of the port. */
static bool parse_pattern(const char *text, struct pattern *pattern)
{
    struct bytes rest = bytes_of(text);
    struct origin *origin = &pattern->origin;
    if (!parse_scheme(&rest, &origin->scheme))
        return false;
    pattern->is_any_port = cut_end(&rest, BYTES_LITERAL(":*"));
    pattern->is_any_host = bytes_start_with(rest, BYTES_LITERAL("*."));
    origin->port = default_port(origin->scheme);
    if (pattern->is_any_host)
        rest = bytes_skip(rest, 1);
    size_t ports = pattern->is_any_port ? host_len(rest) : rest.len;
    return ports == rest.len &&
           parse_authority(rest, &origin->host, &origin->port) &&
           !(pattern->is_any_host && origin->host.len < 2);
}

/* Origins without a host, and the wildcard. */
static bool is_word(struct bytes text)
{
    return bytes_equal(text, BYTES_LITERAL("null")) ||
           equal_ignoring_case(text, BYTES_LITERAL("file://"));
}

static bool is_everything(const char *pattern)
{
    return strcmp(pattern, "*") == 0;
}

bool origin_pattern_is_valid(const char *text)
{
    struct pattern pattern;
    return is_everything(text) || is_word(bytes_of(text)) ||
           parse_pattern(text, &pattern);
}

const char *origin_pattern_fault(const char *pattern)
{
    struct bytes scheme;
    struct bytes text = bytes_of(pattern);
    if (!parse_scheme(&text, &scheme))
        return "the scheme is missing";
    const char *path = memchr(text.data, '/', text.len);
    if (path && path[1])
        return "an origin has no path";
    if (path)
        return "an origin does not end with a slash";
    if (text.len && memchr(text.data, '*', text.len))
        return "a * stands for the first parts of a host or for the port, as "
               "in https://*.example.com or http://localhost:*";
    return NULL;
}

static bool is_below(struct bytes host, struct bytes dot_domain)
{
    if (host.len <= dot_domain.len)
        return false;
    return equal_ignoring_case(bytes_skip(host, host.len - dot_domain.len),
                               dot_domain);
}

static bool host_matches(const struct pattern *pattern, struct bytes host)
{
    return pattern->is_any_host
               ? is_below(host, pattern->origin.host)
               : equal_ignoring_case(host, pattern->origin.host);
}

bool origin_matches(const char *text, struct bytes whole)
{
    struct pattern pattern;
    struct origin origin;
    if (is_everything(text))
        return true;
    if (is_word(whole) || is_word(bytes_of(text)))
        return is_word(whole) && equal_ignoring_case(whole, bytes_of(text));
    return parse_pattern(text, &pattern) && parse(whole, &origin) &&
           (pattern.is_any_port || pattern.origin.port == origin.port) &&
           equal_ignoring_case(pattern.origin.scheme, origin.scheme) &&
           host_matches(&pattern, origin.host);
}

/* 127.0.0.0/8 */
static bool is_loopback_v4(struct bytes host)
{
    char text[INET_ADDRSTRLEN] = "";
    struct in_addr address;
    if (host.len >= sizeof text)
        return false;
    memcpy(text, host.data, host.len);
    return inet_pton(AF_INET, text, &address) == 1 &&
           ntohl(address.s_addr) >> 24 == 127;
}

static bool is_loopback_name(struct bytes host)
{
    return equal_ignoring_case(host, BYTES_LITERAL("localhost")) ||
           is_below(host, BYTES_LITERAL(".localhost")) ||
           bytes_equal(host, BYTES_LITERAL("[::1]")) || is_loopback_v4(host);
}

bool origin_is_loopback(struct bytes text)
{
    struct origin origin;
    return parse(text, &origin) && default_port(origin.scheme) &&
           is_loopback_name(origin.host);
}

bool origin_host_is_loopback(struct bytes host_header)
{
    struct bytes host;
    uint32_t port;
    return parse_authority(host_header, &host, &port) && is_loopback_name(host);
}

bool origin_is_same(struct bytes text, struct bytes host_header, bool is_secure)
{
    struct origin origin;
    struct bytes host;
    if (!parse(text, &origin) || !default_port(origin.scheme))
        return false;
    uint32_t port = default_port(origin.scheme);
    if (is_secure &&
        !equal_ignoring_case(origin.scheme, BYTES_LITERAL("https")))
        return false;
    return parse_authority(host_header, &host, &port) && port == origin.port &&
           equal_ignoring_case(host, origin.host);
}
