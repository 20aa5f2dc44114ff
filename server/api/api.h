/* api: plain HTTP, without the library: a request in, a response out. What is
 * asked of the bus is a call: its response comes later.
 *
 * Owner:   struct api owns the files it serves, and its keys; a response is
 *          deinited by whoever asked for it, its body may be borrowed from
 *          the api; a call belongs to whoever began it.
 * Thread:  api_new and api_use_options on the main thread; api_serve from any
 *          worker's thread, and a call stays there.
 * Limits:  files are read at the start, FILE_MAX bytes each; bodies, commands
 *          and rates as in struct api_options.
 * Failure: every request gets a response; api_new says which file it could
 *          not read.
 */
#ifndef PEAL_API_API_H
#define PEAL_API_API_H

#include <stdbool.h>

#include "api/api_keys.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/ip_address.h"
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

/* Who may see the dashboard. */
enum api_dashboard { DASHBOARD_OFF, DASHBOARD_LOOPBACK, DASHBOARD_ON };

/* What the config says. */
struct api_options {
    char *key;                        /* may do everything; NULL: none */
    struct api_key_options_list keys; /* those with scopes */
    uint32_t requests_per_second;     /* of `key`; 0: no limit */
    uint32_t body_bytes;              /* of one request */
    uint32_t batch_commands;          /* in one request */
};

struct worker;

/* Borrowed, empty where absent. */
struct api_request {
    struct bytes method;
    struct bytes path; /* percent-decoded, without the query */
    struct bytes host;
    struct bytes origin;
    struct bytes if_none_match;
    struct bytes authorization;
    struct bytes content_type;
    struct bytes limit; /* ?limit= */
    struct bytes trace; /* traceparent */
    bool has_length;    /* a Content-Length is there */
    bool sees_dashboard;
    bool is_chunked;    /* the body ends where it ends, with a blank */
    uint64_t body_len;
    struct ip_address client; /* whose it is, for the log */
};

struct api_response {
    int status;
    const char *content_type; /* NULL: no body */
    struct bytes body;        /* what is sent; maybe a view of `text` */
    struct buffer text;       /* owned */
    struct buffer headers;    /* owned: whole lines */
};

struct api;

/* A request whose response comes later. */
struct api_call;

/* `web_root`: the folder served under /, NULL for
 * none. */
struct api *api_new(const struct api_sources *sources,
                    const struct api_options *options, const char *web_root,
                    struct error *error);

/* Takes on other options; what was begun is judged by the ones before. From
 * the main thread. */
void api_use_options(struct api *api, const struct api_options *options);

/* NULL is ignored. */
void api_free(struct api *api);

/* Whether the path is of the API for backends, whose requests have bodies. */
bool api_is_for_backends(struct bytes path);

/* Whether the path is of the dashboard: there is none for those who do not
 * see it. */
bool api_is_dashboard(struct bytes path);

/* Fills a zeroed response and returns NULL; or begins a call, which wants the
 * request's body and then to be run. */
struct api_call *api_serve(struct api *api, struct worker *worker,
                           const struct api_request *request,
                           struct api_response *response);

/* A piece of the body; false when it is longer than was announced. */
bool api_call_add(struct api_call *call, struct bytes piece);

/* A body in chunks got too long: the response, in place of running the call. */
void api_call_refuse_body(const struct api_call *call,
                          struct api_response *response);

/* Once the body is there: `done` is called on this thread, once, never before
 * this returns, and not after api_call_free. The response is borrowed. */
void api_call_run(struct api_call *call,
                  void (*done)(void *arg, const struct api_response *response),
                  void *arg);

/* At any time, also within `done`; NULL is ignored. What was asked of the bus
 * is done all the same. */
void api_call_free(struct api_call *call);

/* Prometheus' text format: requests of backends by route and status. */
void api_write_metrics(const struct api *api, struct buffer *out);

/* ---- for api/ alone */

/* How many commands one request may have. */
uint32_t api_batch_commands(const struct api *api);

/* A call's response is ready: what it still lacks, and counted. */
void api_finish(struct api *api, size_t route, struct api_response *response);

void api_response_deinit(struct api_response *response);

/* "OK", "Not Found", ... */
const char *api_status_text(int status);

#endif
