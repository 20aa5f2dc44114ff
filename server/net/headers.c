#include "net/headers.h"

#include "net/reactor.h"

struct headers headers_of(struct reactor *reactor, struct lws *wsi)
{
    return (struct headers){wsi, reactor->arena, sizeof reactor->arena};
}

/* Keeps `len` bytes at the start of the free part, and their terminator. */
static struct bytes keep(struct headers *headers, size_t len)
{
    struct bytes kept = {headers->free, len};
    headers->free += len + 1;
    headers->free_len -= len + 1;
    return kept;
}

struct bytes headers_get(struct headers *headers, enum lws_token_indexes token)
{
    int len = lws_hdr_total_length(headers->wsi, token);
    if (len <= 0 || (size_t)len >= headers->free_len)
        return (struct bytes){0};
    int copied = lws_hdr_copy(headers->wsi, headers->free,
                              (int)headers->free_len, token);
    return copied > 0 ? keep(headers, (size_t)copied) : (struct bytes){0};
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* RFC 9112 section 5.1: blanks around a value are none of it. */
static struct bytes trim(struct bytes value)
{
    while (value.len && is_space(value.data[0]))
        value = bytes_skip(value, 1);
    while (value.len && is_space(value.data[value.len - 1]))
        value.len--;
    return value;
}

struct bytes headers_get_other(struct headers *headers, const char *name)
{
    int name_len = (int)strlen(name);
    int len = lws_hdr_custom_length(headers->wsi, name, name_len);
    if (len <= 0 || (size_t)len >= headers->free_len)
        return (struct bytes){0};
    int copied = lws_hdr_custom_copy(headers->wsi, headers->free,
                                     (int)headers->free_len, name, name_len);
    return copied > 0 ? trim(keep(headers, (size_t)copied)) : (struct bytes){0};
}

struct bytes headers_method(struct headers *headers, struct bytes *path)
{
    static const struct {
        enum lws_token_indexes token;
        struct bytes method;
    } methods[] = {
        {WSI_TOKEN_GET_URI, BYTES_LITERAL("GET")},
        {WSI_TOKEN_HEAD_URI, BYTES_LITERAL("HEAD")},
        {WSI_TOKEN_POST_URI, BYTES_LITERAL("POST")},
        {WSI_TOKEN_OPTIONS_URI, BYTES_LITERAL("OPTIONS")},
        {WSI_TOKEN_PUT_URI, BYTES_LITERAL("PUT")},
        {WSI_TOKEN_PATCH_URI, BYTES_LITERAL("PATCH")},
        {WSI_TOKEN_DELETE_URI, BYTES_LITERAL("DELETE")},
    };
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (lws_hdr_total_length(headers->wsi, methods[i].token) <= 0)
            continue;
        *path = headers_get(headers, methods[i].token);
        return methods[i].method;
    }
    *path = (struct bytes){0};
    return (struct bytes){0};
}

struct bytes headers_query(struct headers *headers, const char *name,
                           size_t index)
{
    size_t name_len = strlen(name);
    for (int i = 0;; i++) {
        int len = lws_hdr_copy_fragment(headers->wsi, headers->free,
                                        (int)headers->free_len,
                                        WSI_TOKEN_HTTP_URI_ARGS, i);
        if (len < 0)
            return (struct bytes){0};
        struct bytes argument = {headers->free, (size_t)len};
        bool is_named = bytes_start_with(argument, bytes_of(name)) &&
                        argument.len > name_len &&
                        argument.data[name_len] == '=';
        if (is_named && index-- == 0)
            return bytes_skip(keep(headers, argument.len), name_len + 1);
    }
}
