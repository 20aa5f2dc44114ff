#include "bus/redis_url.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/memory.h"

enum { DEFAULT_PORT = 6379 };

static char *copy(struct bytes text)
{
    return memory_copy_text(text.data, text.len);
}

/* Splits `text` at the last or first `c`; false when it is not there. */
static bool split(struct bytes text, char c, bool last, struct bytes *before,
                  struct bytes *after)
{
    const char *at = text.len == 0 ? NULL
                     : last        ? memrchr(text.data, c, text.len)
                                   : memchr(text.data, c, text.len);
    if (!at)
        return false;
    size_t len = (size_t)(at - text.data);
    *before = (struct bytes){text.data, len};
    *after = bytes_skip(text, len + 1);
    return true;
}

static bool read_number(struct bytes text, uint32_t max, uint32_t *number)
{
    uint64_t value = 0;
    if (!text.len || text.len > 9)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    *number = (uint32_t)value;
    return value <= max;
}

/* [user][:password]; a lone word is a password's user, as Redis has it. */
static void read_credentials(struct bytes text, struct redis_url *url)
{
    struct bytes user = text;
    struct bytes password;
    if (split(text, ':', false, &user, &password))
        url->password = copy(password);
    if (user.len)
        url->user = copy(user);
}

/* An IPv6 address stands in brackets. */
static bool read_host(struct bytes text, struct redis_url *url,
                      struct error *error)
{
    struct bytes host = text;
    struct bytes rest = {0};
    uint32_t port = DEFAULT_PORT;
    if (text.len && text.data[0] == '[') {
        if (!split(bytes_skip(text, 1), ']', false, &host, &rest))
            return error_set(error, "redis.url: missing ] behind the address");
        rest = bytes_skip(rest, rest.len && rest.data[0] == ':' ? 1 : 0);
    } else if (!split(text, ':', true, &host, &rest)) {
        host = text;
    }
    if (rest.len && (!read_number(rest, UINT16_MAX, &port) || !port))
        return error_set(error, "redis.url: the port must be 1 to 65535");
    if (!host.len)
        return error_set(error, "redis.url: the host is missing");
    url->host = copy(host);
    url->port = (uint16_t)port;
    return true;
}

static bool read_tcp(struct bytes text, struct redis_url *url,
                     struct error *error)
{
    struct bytes before;
    struct bytes after;
    if (split(text, '@', true, &before, &after)) {
        read_credentials(before, url);
        text = after;
    }
    if (split(text, '/', false, &before, &after)) {
        if (after.len && !read_number(after, 1000000, &url->database))
            return error_set(error, "redis.url: the database must be a number");
        text = before;
    }
    return read_host(text, url, error);
}

bool redis_url_parse(const char *text, struct redis_url *url,
                     struct error *error)
{
    static const struct bytes tcp = BYTES_LITERAL("redis://");
    static const struct bytes tls = BYTES_LITERAL("rediss://");
    static const struct bytes local = BYTES_LITERAL("unix://");
    struct bytes whole = bytes_of(text);
    *url = (struct redis_url){0};
    if (bytes_start_with(whole, local) && whole.len > local.len) {
        url->path = copy(bytes_skip(whole, local.len));
        return true;
    }
    url->has_tls = bytes_start_with(whole, tls);
    if (!url->has_tls && !bytes_start_with(whole, tcp))
        return error_set(error, "redis.url: expected redis://host:port/db, "
                                "rediss://host:port/db or unix:///path");
    if (read_tcp(bytes_skip(whole, url->has_tls ? tls.len : tcp.len), url,
                 error))
        return true;
    redis_url_deinit(url);
    return false;
}

void redis_url_deinit(struct redis_url *url)
{
    free(url->host);
    free(url->path);
    free(url->user);
    free(url->password);
    *url = (struct redis_url){0};
}
