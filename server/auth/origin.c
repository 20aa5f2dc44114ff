#include "auth/origin.h"

#include <ctype.h>
#include <stdint.h>
#include <strings.h>

struct origin {
    struct bytes scheme;
    struct bytes host;
    uint32_t port; /* 0: the scheme has none of its own */
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

/* How much of `text` is the host: up to the colon before a port. */
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

/* Reads `host[:port]`; a missing port leaves what is there. */
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

/* Cuts `scheme://` off. */
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

/* Like parse; a host that starts with `*.` keeps the dot only. */
static bool parse_pattern(const char *pattern, struct origin *origin,
                          bool *is_wildcard)
{
    struct bytes text = bytes_of(pattern);
    if (!parse_scheme(&text, &origin->scheme))
        return false;
    *is_wildcard = bytes_start_with(text, BYTES_LITERAL("*."));
    origin->port = default_port(origin->scheme);
    if (*is_wildcard)
        text = bytes_skip(text, 1);
    return parse_authority(text, &origin->host, &origin->port) &&
           !(*is_wildcard && origin->host.len < 2);
}

static bool is_null(struct bytes text)
{
    return bytes_equal(text, BYTES_LITERAL("null"));
}

bool origin_pattern_is_valid(const char *pattern)
{
    struct origin origin;
    bool is_wildcard;
    return is_null(bytes_of(pattern)) ||
           parse_pattern(pattern, &origin, &is_wildcard);
}

static bool is_below(struct bytes host, struct bytes dot_domain)
{
    if (host.len <= dot_domain.len)
        return false;
    return equal_ignoring_case(bytes_skip(host, host.len - dot_domain.len),
                               dot_domain);
}

bool origin_matches(const char *pattern, struct bytes text)
{
    if (is_null(text) || is_null(bytes_of(pattern)))
        return is_null(text) && is_null(bytes_of(pattern));
    struct origin allowed;
    struct origin origin;
    bool is_wildcard;
    if (!parse_pattern(pattern, &allowed, &is_wildcard) ||
        !parse(text, &origin) || allowed.port != origin.port ||
        !equal_ignoring_case(allowed.scheme, origin.scheme))
        return false;
    return is_wildcard ? is_below(origin.host, allowed.host)
                       : equal_ignoring_case(origin.host, allowed.host);
}

bool origin_is_same(struct bytes text, struct bytes host_header)
{
    struct origin origin;
    struct bytes host;
    if (!parse(text, &origin) || !default_port(origin.scheme))
        return false;
    uint32_t port = default_port(origin.scheme);
    return parse_authority(host_header, &host, &port) && port == origin.port &&
           equal_ignoring_case(host, origin.host);
}
