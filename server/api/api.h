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

/* What the config says. */
struct api_options {
    char *key;                        /* may do everything; NULL: none */
    struct api_key_options_list keys; /* those with scopes */
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

/* Takes on other options; what was begun is judged by the ones before. From
 * the main thread. */
void api_use_options(struct api *api, const struct api_options *options);

/* Serves the routes that these bring, too; ended by NULL, borrowed. Before any
 * request. */
void api_use_protocols(struct api *api,
                       const struct protocol *const *protocols);

/* Serves the routes of accounts, too; borrowed. Before any request. */
void api_use_accounts(struct api *api, const struct api_accounts *accounts);

bool api_has_accounts(const struct api *api);

/* Whether the path is for backends, whose requests have bodies. */
bool api_is_for_backends(const struct api *api, struct bytes path);

/* Whether a Content-Type is that of JSON. */
bool api_is_json(struct bytes type);

/* NULL is ignored. */
void api_free(struct api *api);

/* Fills a zeroed response and returns NULL; or begins a call, which wants the
 * request's body and then to be run. */
struct api_call *api_serve(struct api *api, struct worker *worker,
                           const struct api_request *request,
                           struct api_response *response);

/* A body in chunks got too long: the response, in place of running the call. */
void api_call_refuse_body(const struct api_call *call,
                          struct api_response *response);

/* Prometheus' text format: requests of backends by route, by key and status.
 */
void api_write_metrics(struct api *api, struct buffer *out);

#endif
