/* headers: a request's headers out of libwebsockets, as plain bytes.
 *
 * Owner:   copies stand in the reactor's arena until the next request.
 * Thread:  the reactor's.
 * Limits:  the arena; libwebsockets takes 8 KiB of headers at the most.
 * Failure: what is absent or too long is empty.
 */
#ifndef PEAL_NET_HEADERS_H
#define PEAL_NET_HEADERS_H

#include <stdbool.h>
#include <stddef.h>

#include <libwebsockets.h>

#include "base/bytes.h"

struct reactor;

/* Where copies go; start with the whole arena. */
struct headers {
    struct lws *wsi;
    char *free;
    size_t free_len;
};

struct headers headers_of(struct reactor *reactor, struct lws *wsi);

/* One header, or a token of the request line. */
struct bytes headers_get(struct headers *headers, enum lws_token_indexes token);

/* One that libwebsockets has no token for: its name in small letters, with the
 * colon. */
struct bytes headers_get_other(struct headers *headers, const char *name);

/* The method, and the path as `path`, percent-decoded. */
struct bytes headers_method(struct headers *headers, struct bytes *path);

/* The `index`th query parameter of that name, percent-decoded; data is NULL
 * when there are not so many. */
struct bytes headers_query(struct headers *headers, const char *name,
                           size_t index);

#endif
