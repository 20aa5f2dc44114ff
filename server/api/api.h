/* api: plain HTTP, without the library: a request in, a response out.
 *
 * Owner:   struct api owns the files it serves; a response is deinited by
 *          whoever asked for it, its body may be borrowed from the api.
 * Thread:  api_new on the main thread; api_serve from any, the api being
 *          immutable.
 * Limits:  files are read at the start, FILE_MAX bytes each.
 * Failure: every request gets a response; api_new says which file it could
 *          not read.
 */
#ifndef PEAL_API_API_H
#define PEAL_API_API_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "messaging/metrics.h"

/* Where routes get what they tell. */
struct api_sources {
    /* Whether new clients are welcome; if not, why. */
    bool (*is_ready)(void *arg, const char **why);
    /* Whether pages of that origin may read our answers. */
    bool (*origin_is_allowed)(void *arg, struct bytes origin,
                              struct bytes host);
    /* Prometheus' text format. */
    void (*write_metrics)(void *arg, struct buffer *out);
    void *arg;
};

/* Borrowed, empty where absent. */
struct api_request {
    struct bytes method;
    struct bytes path; /* percent-decoded, without the query */
    struct bytes host;
    struct bytes origin;
    struct bytes if_none_match;
};

struct api_response {
    int status;
    const char *content_type; /* NULL: no body */
    struct bytes body;        /* what is sent; maybe a view of `text` */
    struct buffer text;       /* owned */
    struct buffer headers;    /* owned: whole lines */
};

struct api;

/* `web_root`: the folder served under /, NULL for none. */
struct api *api_new(const struct api_sources *sources, const char *web_root,
                    struct error *error);

/* NULL is ignored. */
void api_free(struct api *api);

/* Fills a zeroed response. */
void api_serve(const struct api *api, const struct api_request *request,
               struct api_response *response);

void api_response_deinit(struct api_response *response);

/* "OK", "Not Found", ... */
const char *api_status_text(int status);

#endif
