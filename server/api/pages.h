/* pages: routes answered immediately: health, readiness, metrics, and the files
 * of web/.
 *
 * Owner:   struct pages owns the files it serves; a response may borrow them.
 * Thread:  pages_init on the main thread; pages_serve from any.
 * Limits:  files are read at the start, FILE_MAX bytes each.
 * Failure: every request gets a response; pages_init names the file that it
 *          could not read.
 */
#ifndef PEAL_API_PAGES_H
#define PEAL_API_PAGES_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"

struct account_options;
struct api_request;
struct api_response;
struct files;

/* Sources of the routes. */
struct api_sources {
    /* Whether new clients are accepted; if not, why. */
    bool (*is_ready)(void *arg, const char **why);
    /* Whether pages of the origin may read responses. */
    bool (*origin_is_allowed)(void *arg, struct bytes origin, struct bytes host,
                              bool is_secure);
    /* Prometheus' text format. */
    void (*write_metrics)(void *arg, struct buffer *out);
    void *arg;
};

struct pages {
    /* set once */
    struct api_sources sources;
    struct files *files;
    const struct account_options *accounts; /* NULL: none */
};

/* `web_root`: the folder served under /, NULL for none. */
bool pages_init(struct pages *pages, const struct api_sources *sources,
                const char *web_root, struct error *error);

void pages_deinit(struct pages *pages);

/* Whether a page of the request's origin may read the response. */
bool pages_origin_is_allowed(const struct pages *pages,
                             const struct api_request *request);

/* Fills a zeroed response. */
void pages_serve(const struct pages *pages, const struct api_request *request,
                 struct api_response *response);

#endif
