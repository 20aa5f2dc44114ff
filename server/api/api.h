/* api: serves plain HTTP requests, independently of libwebsockets. A request
 * that needs the bus becomes a call, whose response comes later.
 *
 * Owner:   struct api owns the files it serves, and its keys; the caller
 *          deinits a response, whose body may be borrowed from the api; a call
 *          belongs to the code that began it.
 * Thread:  api_new and api_use_options on the main thread; api_serve from any
 *          worker's thread, and a call stays there.
 * Limits:  files are read at the start, FILE_MAX bytes each; bodies, commands
 *          and rates as in struct api_options.
 * Failure: every request gets a response; api_new names the file that it could
 *          not read.
 */
#ifndef PEAL_API_API_H
#define PEAL_API_API_H

#include <stdbool.h>

#include "api/answer.h"
#include "api/api_accounts.h"
#include "api/api_keys.h"
#include "api/call_run.h"
#include "api/pages.h"
#include "api/routes.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "messaging/metrics.h"

/* Who may see the dashboard. */
enum api_dashboard { DASHBOARD_OFF, DASHBOARD_LOOPBACK, DASHBOARD_ON };

/* Options from the config. */
struct api_options {
    char *key;                        /* has all scopes; NULL: none */
    struct api_key_options_list keys; /* keys with scopes */
    uint32_t requests_per_second;     /* of `key`; 0: no limit */
    uint32_t body_bytes;              /* of one request */
    uint32_t batch_commands;          /* in one request */
};

struct protocol;
struct worker;

struct api;

/* `web_root`: the folder served under /, NULL for none. */
struct api *api_new(const struct api_sources *sources,
                    const struct api_options *options, const char *web_root,
                    struct error *error);

/* Uses other options; calls that have begun keep the previous ones. Main thread
 * only. */
void api_use_options(struct api *api, const struct api_options *options);

/* Also serves the routes of these protocols; NULL-terminated, borrowed. Call
 * before any request. */
void api_use_protocols(struct api *api,
                       const struct protocol *const *protocols);

/* Also serves the routes of accounts; borrowed. Call before any request. */
void api_use_accounts(struct api *api, const struct api_accounts *accounts);

bool api_has_accounts(const struct api *api);

/* Whether the path is a backend route, whose requests may have bodies. */
bool api_is_for_backends(const struct api *api, struct bytes path);

/* Whether a Content-Type is that of JSON. */
bool api_is_json(struct bytes type);

/* NULL is ignored. */
void api_free(struct api *api);

/* Fills a zeroed response and returns NULL, or begins a call: give it the
 * request's body, then run it. */
struct api_call *api_serve(struct api *api, struct worker *worker,
                           const struct api_request *request,
                           struct api_response *response);

/* The response if a chunked body exceeds the limit; do not run the call. */
void api_call_refuse_body(const struct api_call *call,
                          struct api_response *response);

/* Prometheus' text format: requests of backends by route, by key and status. */
void api_write_metrics(struct api *api, struct buffer *out);

#endif
