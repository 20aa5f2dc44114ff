#include "bus/redis/redis_url.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/memory.h"

#define NOT_ENCODED                                                            \
    "user and password must be percent-encoded: write %40 for @, %2F for / "   \
    "and %25 for %"

enum { DEFAULT_PORT = 6379, SENTINEL_PORT = 26379 };

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

/* The value of a hexadecimal digit, or -1. */
static int digit_of(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;
    return at ? (int)(at - digits) : -1;
}

static bool has_escape(struct bytes text, size_t at)
{
    return text.len - at > 2 && digit_of(text.data[at + 1]) >= 0 &&
           digit_of(text.data[at + 2]) >= 0;
}

/* Whether every "%" begins an escape. */
static bool is_encoded(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == '%' && !has_escape(text, i))
            return false;
    return true;
}

/* Takes a text with a stray "%" unchanged. */
static char *decode(struct bytes text, struct redis_url *url)
{
    char *out = copy(text);
    size_t len = 0;
    if (!is_encoded(text)) {
        url->warning = NOT_ENCODED;
        return out;
    }
    for (size_t i = 0; i < text.len; i++) {
        bool is_escape = text.data[i] == '%';
        out[len++] = is_escape ? (char)(digit_of(text.data[i + 1]) * 16 +
                                        digit_of(text.data[i + 2]))
                               : text.data[i];
        i += is_escape ? 2 : 0;
    }
    out[len] = '\0';
    return out;
}

static bool has_encoded_zero(struct bytes text)
{
    return text.len && memmem(text.data, text.len, "%00", 3);
}

/* [[user]:]password */
static bool read_credentials(struct bytes text, struct redis_url *url,
                             struct error *error)
{
    struct bytes user = {0};
    struct bytes password = text;
    if (has_encoded_zero(text))
        return error_set(error, "redis.url: %%00 is not allowed in user and "
                                "password");
    split(text, ':', false, &user, &password);
    if (text.len &&
        (memchr(text.data, '@', text.len) || memchr(text.data, '/', text.len)))
        url->warning = NOT_ENCODED;
    if (user.len)
        url->login->user = decode(user, url);
    if (password.len || user.len)
        url->login->password = decode(password, url);
    return true;
}

/* Names and IPv4 addresses; IPv6 addresses are in brackets. */
static bool is_host(struct bytes host, bool is_ipv6)
{
    for (size_t i = 0; i < host.len; i++) {
        unsigned char c = (unsigned char)host.data[i];
        bool is_mark = c && strchr(is_ipv6 ? ":.%" : "-._", c);
        if (!isalnum(c) && !is_mark && (is_ipv6 || c < 0x80))
            return false;
    }
    return host.len > 0;
}

static bool refuse_host(struct bytes host, struct error *error)
{
    if (!host.len)
        return error_set(error, "redis.url: the host is missing");
    if (memchr(host.data, ',', host.len))
        return error_set(error, "redis.url: expected one host; a list of "
                                "Sentinels begins with redis+sentinel://");
    if (memchr(host.data, ':', host.len))
        return error_set(error, "redis.url: an IPv6 address must be in "
                                "brackets, as in redis://[::1]:6379");
    return error_set(error,
                     "redis.url: the host name contains an invalid character");
}

/* Removes the host from `rest`, which keeps the port and its colon. */
static bool cut_host(struct bytes *rest, struct bytes *host,
                     struct error *error)
{
    struct bytes text = *rest;
    bool is_ipv6 = text.len && text.data[0] == '[';
    if (is_ipv6 && !split(bytes_skip(text, 1), ']', false, host, rest))
        return error_set(error, "redis.url: missing ] after the address");
    if (!is_ipv6) {
        const char *colon = text.len ? memrchr(text.data, ':', text.len) : NULL;
        size_t len = colon ? (size_t)(colon - text.data) : text.len;
        *host = (struct bytes){text.data, len};
        *rest = bytes_skip(text, len);
    }
    return is_host(*host, is_ipv6) || refuse_host(*host, error);
}

static bool read_host(struct bytes text, uint32_t port, struct redis_host *out,
                      struct error *error)
{
    struct bytes host = {0};
    struct bytes rest = text;
    if (!cut_host(&rest, &host, error))
        return false;
    rest = bytes_skip(rest, rest.len && rest.data[0] == ':');
    if (rest.len && (!read_number(rest, UINT16_MAX, &port) || !port))
        return error_set(error, "redis.url: the port must be 1 to 65535");
    out->name = copy(host);
    out->port = (uint16_t)port;
    return true;
}

static bool read_server(struct bytes text, struct redis_url *url,
                        struct error *error)
{
    struct redis_host host;
    if (!read_host(text, DEFAULT_PORT, &host, error))
        return false;
    url->host = host.name;
    url->port = host.port;
    return true;
}

static bool read_seeds(struct bytes text, uint32_t port, struct redis_url *url,
                       struct error *error)
{
    bool is_more = true;
    url->seeds = memory_new(REDIS_SEEDS_MAX, sizeof *url->seeds);
    while (is_more) {
        struct bytes one = text;
        is_more = split(text, ',', false, &one, &text);
        if (url->seed_count == (size_t)REDIS_SEEDS_MAX)
            return error_set(error, "redis.url: expected at most %d hosts",
                             REDIS_SEEDS_MAX);
        if (!read_host(one, port, &url->seeds[url->seed_count], error))
            return false;
        url->seed_count++;
    }
    return true;
}

/* The rules of Sentinels for names. */
static bool read_master(struct bytes text, struct redis_url *url,
                        struct error *error)
{
    for (size_t i = 0; i < text.len; i++)
        if (!isalnum((unsigned char)text.data[i]) &&
            !strchr(".-_", text.data[i]))
            text.len = 0;
    if (!text.len)
        return error_set(error, "redis.url: expected the name of the master "
                                "after the Sentinels, as in "
                                "redis+sentinel://host1,host2,host3/mymaster");
    url->master = copy(text);
    return true;
}

/* Options for other programs must not be ignored silently. */
static bool check_end(struct bytes text, struct error *error)
{
    return !text.len ||
           (!memchr(text.data, '?', text.len) &&
            !memchr(text.data, '#', text.len)) ||
           error_set(error, "redis.url: options after ? and # are not "
                            "supported; remove them");
}

static bool read_database(struct bytes text, struct redis_url *url,
                          struct error *error)
{
    return !text.len || read_number(text, 1000000, &url->database) ||
           error_set(error, "redis.url: the database must be a number");
}

/* Credentials, and the check of the end; leaves "hosts/path". */
static bool read_begin(struct bytes *text, struct redis_url *url,
                       struct error *error)
{
    struct bytes before;
    struct bytes after;
    if (split(*text, '@', true, &before, &after)) {
        if (!read_credentials(before, url, error))
            return false;
        *text = after;
    }
    return check_end(*text, error);
}

static bool read_tcp(struct bytes text, struct redis_url *url,
                     struct error *error)
{
    struct bytes path = {0};
    return read_begin(&text, url, error) &&
           (!split(text, '/', false, &text, &path) ||
            read_database(path, url, error)) &&
           read_server(text, url, error);
}

static bool read_sentinel(struct bytes text, struct redis_url *url,
                          struct error *error)
{
    struct bytes path = {0};
    struct bytes database = {0};
    if (!read_begin(&text, url, error))
        return false;
    split(text, '/', false, &text, &path);
    split(path, '/', false, &path, &database);
    return read_seeds(text, SENTINEL_PORT, url, error) &&
           read_master(path, url, error) && read_database(database, url, error);
}

static bool read_cluster(struct bytes text, struct redis_url *url,
                         struct error *error)
{
    struct bytes path = {0};
    url->is_cluster = true;
    if (!read_begin(&text, url, error))
        return false;
    split(text, '/', false, &text, &path);
    if (path.len && !bytes_equal(path, BYTES_LITERAL("0")))
        return error_set(error, "redis.url: Redis Cluster has no numbered "
                                "databases; remove the number");
    return read_seeds(text, DEFAULT_PORT, url, error);
}

static bool read_path(struct bytes text, struct redis_url *url,
                      struct error *error)
{
    if (!check_end(text, error))
        return false;
    url->path = copy(text);
    return true;
}

/* Schemes of any case, as everywhere in URLs. */
static bool cut_scheme(struct bytes *text, const char *scheme)
{
    size_t len = strlen(scheme);
    if (text->len < len || strncasecmp(text->data, scheme, len) != 0)
        return false;
    *text = bytes_skip(*text, len);
    return true;
}

bool redis_url_parse(const char *text, struct redis_url *url,
                     struct error *error)
{
    struct bytes rest = bytes_of(text);
    bool ok;
    *url = (struct redis_url){.login = memory_new(1, sizeof *url->login)};
    if (cut_scheme(&rest, "unix://") && rest.len)
        ok = read_path(rest, url, error);
    else if (cut_scheme(&rest, "redis://") ||
             (url->has_tls = cut_scheme(&rest, "rediss://")))
        ok = read_tcp(rest, url, error);
    else if (cut_scheme(&rest, "redis+sentinel://") ||
             (url->has_tls = cut_scheme(&rest, "rediss+sentinel://")))
        ok = read_sentinel(rest, url, error);
    else if (cut_scheme(&rest, "redis+cluster://") ||
             (url->has_tls = cut_scheme(&rest, "rediss+cluster://")))
        ok = read_cluster(rest, url, error);
    else
        ok = error_set(error, "redis.url: expected redis://host:port/db, "
                              "rediss://host:port/db, unix:///path, "
                              "redis+sentinel://host,host,host/master or "
                              "redis+cluster://host,host");
    if (ok)
        return true;
    redis_url_deinit(url);
    return false;
}

void redis_url_deinit(struct redis_url *url)
{
    for (size_t i = 0; i < url->seed_count; i++)
        free(url->seeds[i].name);
    free(url->seeds);
    free(url->master);
    free(url->host);
    free(url->path);
    if (url->login)
        redis_login_deinit(url->login);
    free(url->login);
    *url = (struct redis_url){0};
}

/* ---- comparing ----------------------------------------------------------- */

static bool texts_equal(const char *one, const char *other)
{
    return one && other ? strcmp(one, other) == 0 : one == other;
}

static bool seeds_equal(const struct redis_url *one,
                        const struct redis_url *other)
{
    bool same = one->seed_count == other->seed_count;
    for (size_t i = 0; same && i < one->seed_count; i++)
        same = one->seeds[i].port == other->seeds[i].port &&
               strcmp(one->seeds[i].name, other->seeds[i].name) == 0;
    return same;
}

static bool places_equal(const struct redis_url *one,
                         const struct redis_url *other)
{
    return texts_equal(one->host, other->host) && one->port == other->port &&
           texts_equal(one->path, other->path) &&
           one->database == other->database && one->has_tls == other->has_tls &&
           texts_equal(one->master, other->master) &&
           one->is_cluster == other->is_cluster && seeds_equal(one, other);
}

bool redis_url_is_same_place(const char *one, const char *other)
{
    struct error error;
    struct redis_url a = {0};
    struct redis_url b = {0};
    bool same = redis_url_parse(one, &a, &error) &&
                redis_url_parse(other, &b, &error) && places_equal(&a, &b);
    redis_url_deinit(&a);
    redis_url_deinit(&b);
    return same;
}
