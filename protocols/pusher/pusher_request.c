#include "protocols/pusher/pusher_request.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/json.h"
#include "protocols/pusher/pusher_apps.h"
#include "protocols/pusher/pusher_signature.h"

enum { BAD_REQUEST = 400, UNAUTHORIZED = 401, NOT_FOUND = 404 };

/* The parameters of a query, decoded. */
struct query {
    struct buffer text;
    struct {
        size_t name;
        size_t name_len;
        size_t value;
        size_t value_len;
    } items[PUSHER_PARAMETERS_MAX];
    size_t count;
};

static int digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Decodes an escape at the start of the text; -1 if invalid. */
static int escaped(struct bytes text)
{
    if (text.len < 3 || *text.data != '%')
        return -1;
    int high = digit(text.data[1]);
    int low = digit(text.data[2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static void decode(struct bytes text, struct buffer *out)
{
    while (text.len) {
        int byte = escaped(text);
        buffer_append_char(out, byte < 0 ? *text.data : (char)byte);
        text = bytes_skip(text, byte < 0 ? 1 : 3);
    }
}

static struct bytes until(struct bytes text, char end)
{
    const char *at = text.len ? memchr(text.data, end, text.len) : NULL;
    return (struct bytes){text.data, at ? (size_t)(at - text.data) : text.len};
}

static bool add(struct query *query, struct bytes pair)
{
    struct bytes name = until(pair, '=');
    if (query->count == PUSHER_PARAMETERS_MAX)
        return false;
    size_t i = query->count++;
    query->items[i].name = query->text.len;
    decode(name, &query->text);
    query->items[i].name_len = query->text.len - query->items[i].name;
    query->items[i].value = query->text.len;
    if (name.len < pair.len)
        decode(bytes_skip(pair, name.len + 1), &query->text);
    query->items[i].value_len = query->text.len - query->items[i].value;
    for (size_t j = 0; j < query->items[i].name_len; j++) {
        char *c = query->text.data + query->items[i].name + j;
        *c = (char)tolower((unsigned char)*c);
    }
    return true;
}

static bool read_query(struct bytes text, struct query *query)
{
    *query = (struct query){0};
    buffer_reserve(&query->text, text.len + 1); /* all names found */
    while (text.len) {
        struct bytes pair = until(text, '&');
        if (pair.len && !add(query, pair))
            return false;
        text = bytes_skip(text, pair.len < text.len ? pair.len + 1 : pair.len);
    }
    return true;
}

static struct bytes name_at(const struct query *query, size_t i)
{
    return (struct bytes){query->text.data + query->items[i].name,
                          query->items[i].name_len};
}

static struct bytes value_at(const struct query *query, size_t i)
{
    return (struct bytes){query->text.data + query->items[i].value,
                          query->items[i].value_len};
}

static struct bytes value_of(const struct query *query, const char *name)
{
    for (size_t i = 0; i < query->count; i++)
        if (bytes_equal(name_at(query, i), bytes_of(name)))
            return value_at(query, i);
    return (struct bytes){0};
}

/* Whether a name sorts before another. */
static bool is_before(struct bytes a, struct bytes b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.data, b.data, len) : 0;
    return order ? order < 0 : a.len < b.len;
}

/* The parameter that sorts after `last`; the count if there is none. Libraries
 * do not sign duplicate parameters. */
static size_t next_by_name(const struct query *query, struct bytes last)
{
    size_t found = query->count;
    for (size_t i = 0; i < query->count; i++) {
        struct bytes name = name_at(query, i);
        if ((!last.data || is_before(last, name)) &&
            (found == query->count || is_before(name, name_at(query, found))))
            found = i;
    }
    return found;
}

static void append_signed(const struct backend_request *request,
                          const struct query *query, struct buffer *out)
{
    struct bytes last = {0};
    const char *separator = "\n";
    buffer_append(out, request->method);
    buffer_append_char(out, '\n');
    buffer_append(out, request->path);
    for (size_t i; (i = next_by_name(query, last)) < query->count;) {
        last = name_at(query, i);
        if (bytes_equal(last, BYTES_LITERAL("auth_signature")))
            continue;
        buffer_append_text(out, separator);
        buffer_append(out, last);
        buffer_append_char(out, '=');
        buffer_append(out, value_at(query, i));
        separator = "&";
    }
}

static int refuse(const char **why, int status, const char *text)
{
    *why = text;
    return status;
}

static int judge_time(struct bytes timestamp, const char **why)
{
    enum { GRACE_SECONDS = 600 };
    uint64_t then;
    int64_t now = clock_wall_ms() / 1000;
    if (!json_decode_uint(timestamp, &then) || then > INT64_MAX)
        return refuse(why, UNAUTHORIZED,
                      "auth_timestamp must be a number of seconds since 1970");
    int64_t off =
        now > (int64_t)then ? now - (int64_t)then : (int64_t)then - now;
    return off <= GRACE_SECONDS
               ? BACKEND_ALLOWED
               : refuse(why, UNAUTHORIZED,
                        "auth_timestamp is more than 600 seconds off");
}

static int judge_signature(const struct backend_request *request,
                           const struct query *query,
                           const struct pusher_app *app, const char **why)
{
    struct buffer text = {0};
    append_signed(request, query, &text);
    struct bytes part = buffer_bytes(&text);
    bool is_good = pusher_signature_is(app->secret, &part, 1,
                                       value_of(query, "auth_signature"));
    buffer_deinit(&text);
    return is_good ? BACKEND_ALLOWED
                   : refuse(why, UNAUTHORIZED, "Invalid signature");
}

static int judge_query(const struct backend_request *request,
                       const struct query *query, const struct pusher_app *app,
                       const char **why)
{
    if (!bytes_equal(value_of(query, "auth_key"), bytes_of(app->key)))
        return refuse(why, UNAUTHORIZED, "Unknown auth_key");
    if (!bytes_equal(value_of(query, "auth_version"), BYTES_LITERAL("1.0")))
        return refuse(why, UNAUTHORIZED, "auth_version must be 1.0");
    int status = judge_time(value_of(query, "auth_timestamp"), why);
    return status == BACKEND_ALLOWED ? judge_signature(request, query, app, why)
                                     : status;
}

int pusher_request_judge_head(const struct backend_request *request,
                              const char **why)
{
    struct query query;
    struct pusher_app *app = pusher_app_of_id(request->name);
    if (!app)
        return refuse(why, NOT_FOUND, "Application does not exist");
    int status = read_query(request->query, &query)
                     ? judge_query(request, &query, app, why)
                     : refuse(why, BAD_REQUEST, "Too many parameters");
    buffer_deinit(&query.text);
    pusher_app_unref(app);
    return status;
}

bool pusher_request_parameter(const struct backend_request *request,
                              const char *name, struct buffer *out)
{
    struct query query;
    struct bytes value = {0};
    if (read_query(request->query, &query))
        value = value_of(&query, name);
    buffer_append(out, value);
    buffer_deinit(&query.text);
    return value.len > 0;
}

/* The signature covers the digest, which covers the body; an empty body needs
 * none. */
int pusher_request_judge_body(const struct backend_request *request,
                              struct bytes body, const char **why)
{
    struct query query;
    int status = BACKEND_ALLOWED;
    bool is_good = read_query(request->query, &query);
    struct bytes digest = value_of(&query, "body_md5");
    if (!is_good || ((body.len || digest.len) && !pusher_md5_is(body, digest)))
        status = refuse(why, UNAUTHORIZED, "Invalid body_md5");
    buffer_deinit(&query.text);
    return status;
}
