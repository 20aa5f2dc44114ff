#include "api/api.h"

#include <pthread.h>
#include <stdlib.h>
#include <strings.h>

#include "accounts/accounts.h"
#include "api/account_call.h"
#include "api/api_access.h"
#include "api/api_counts.h"
#include "api/api_key_counts.h"
#include "api/command.h"
#include "api/contributed.h"
#include "api/cors.h"
#include "base/memory.h"
#include "base/utf8.h"

struct api {
    /* set once by api_new */
    struct pages pages;
    const struct protocol *const *protocols;
    const struct api_accounts *accounts; /* NULL: none */
    /* any thread, under lock */
    pthread_mutex_t lock;
    struct api_keys *keys;
    /* any thread */
    _Atomic uint32_t body_bytes;
    _Atomic uint32_t batch_commands;
    struct api_counts counts;
};

void api_use_options(struct api *api, const struct api_options *options)
{
    struct api_keys *fresh = api_keys_new(
        &options->keys, options->key, options->requests_per_second, api->keys);
    api->body_bytes = options->body_bytes;
    api->batch_commands = options->batch_commands;
    pthread_mutex_lock(&api->lock);
    struct api_keys *former = api->keys;
    api->keys = fresh;
    pthread_mutex_unlock(&api->lock);
    api_keys_unref(former);
}

/* A reference to the current keys. */
static struct api_keys *current_keys(struct api *api)
{
    pthread_mutex_lock(&api->lock);
    struct api_keys *keys = api_keys_ref(api->keys);
    pthread_mutex_unlock(&api->lock);
    return keys;
}

bool api_is_json(struct bytes type)
{
    struct bytes json = BYTES_LITERAL("application/json");
    return type.len >= json.len &&
           strncasecmp(type.data, json.data, json.len) == 0 &&
           (type.len == json.len || strchr("; \t", type.data[json.len]));
}

static void refuse_body(struct worker *worker, struct api_response *response)
{
    metrics_add(&worker->metrics, METRIC_LIMIT_BODY, 1);
    answer_set_error(response, 413,
                     "The body is longer than limits.body_bytes");
}

void api_call_refuse_body(const struct api_call *call,
                          struct api_response *response)
{
    refuse_body(call->worker, response);
    command_audit_refused(call->command, call_key_name(call), &call->client,
                          (struct bytes){0}, response->status);
    if (call->key)
        api_key_counts_add(api_key_counts(call->key), response->status);
    api_counts_finish(call->counts, call->route, response);
}

static bool check_type(const struct api_request *request,
                       struct api_response *response)
{
    if (api_is_json(request->content_type))
        return true;
    answer_set_error(response, 415, "Content-Type must be application/json");
    return false;
}

static bool check_body(const struct api *api, struct worker *worker,
                       const struct api_request *request,
                       struct api_response *response)
{
    if (!request->has_length && !request->is_chunked)
        answer_set_error(response, 411, "Content-Length required");
    else if (request->body_len > api->body_bytes)
        refuse_body(worker, response);
    else
        return true;
    return false;
}

static void put_member(struct buffer *out, const char *name, struct bytes text)
{
    if (!text.data || !text.len)
        return;
    buffer_append_format(out, "%s\"%s\":", out->len > 1 ? "," : "", name);
    buffer_append_json_string(out, text);
}

/* The command reports an invalid number. */
static void put_limit(struct buffer *out, struct bytes limit)
{
    uint64_t number;
    if (limit.len)
        buffer_append_format(out, "%s\"limit\":", out->len > 1 ? "," : "");
    if (json_decode_uint(limit, &number))
        buffer_append(out, limit);
    else if (limit.len)
        buffer_append_text(out, "false");
}

/* The path and query of a GET replace the body of a POST. */
static bool make_body(const struct api_request *request,
                      const struct route *route, const struct command *command,
                      struct bytes name, struct buffer *out)
{
    if (!utf8_is_valid(name) || !utf8_is_valid(request->client_id) ||
        !utf8_is_valid(request->address))
        return false;
    buffer_append_char(out, '{');
    put_member(out, command->is_about_client ? "client" : "channel", name);
    if (!strchr(route->path, '*')) {
        put_member(out, "client", request->client_id);
        put_member(out, "address", request->address);
    }
    put_limit(out, request->limit);
    buffer_append_char(out, '}');
    return true;
}

static struct api_call *new_call(struct api *api, struct worker *worker,
                                 const struct api_request *request,
                                 const struct command *command)
{
    struct api_call *call = memory_new(1, sizeof *call);
    call->counts = &api->counts;
    call->batch_commands = api->batch_commands;
    call->worker = worker;
    call->command = command;
    call->client = request->client;
    call->body_len = (size_t)request->body_len;
    if (request->is_chunked)
        call->body_len = api->body_bytes;
    call_keep_trace(call, request->trace);
    return call;
}

static void note_refused(const struct command *command,
                         const struct api_key *key,
                         const struct api_request *request,
                         struct bytes channel, int status)
{
    command_audit_refused(command, api_key_name(key), &request->client, channel,
                          status);
    api_key_counts_add(api_key_counts(key), status);
}

static struct api_call *begin_call(struct api *api, struct worker *worker,
                                   const struct api_request *request,
                                   const struct route *route,
                                   struct bytes channel,
                                   struct api_response *response)
{
    const struct command *command = command_named(route->command);
    struct api_keys *keys = current_keys(api);
    const struct api_key *key;
    bool is_post = route->methods & METHOD_POST;
    if (!api_access_judge(keys, worker, request, command->scope, &key,
                          response) ||
        (is_post && !(check_type(request, response) &&
                      check_body(api, worker, request, response)))) {
        if (key)
            note_refused(command, key, request, channel, response->status);
        api_keys_unref(keys);
        return NULL;
    }
    struct api_call *call = new_call(api, worker, request, command);
    call->keys = keys;
    call->key = key;
    call->route = routes_index(route);
    if (is_post || make_body(request, route, command, channel, &call->body))
        return call;
    api_key_counts_add(api_key_counts(key), 400);
    api_call_free(call);
    answer_set_error(response, 400, "The path and the query must be UTF-8");
    return NULL;
}

/* No CORS: API keys are not for web pages. */
static struct api_call *serve_backend(struct api *api, struct worker *worker,
                                      const struct api_request *request,
                                      struct api_response *response)
{
    struct bytes channel;
    struct api_call *call = NULL;
    const struct route *route = routes_find(request, &channel);
    if (!route)
        answer_set_error(response, 404, "Not found");
    else if (routes_is_options(request))
        cors_answer_options(route->allow, false, response);
    else if (!routes_refuse_method(request, route->methods, route->allow,
                                   response))
        call = begin_call(api, worker, request, route, channel, response);
    if (!call)
        api_counts_finish(&api->counts, routes_index(route), response);
    return call;
}

/* ---- accounts ------------------------------------------------------------ */

/* Pages of allowed origins may read these; they are never commands. */
static const struct command about_accounts = {.name = "accounts"};

static struct api_call *begin_account(struct api *api, struct worker *worker,
                                      const struct api_request *request,
                                      struct api_response *response)
{
    struct bytes id;
    struct account_actor actor;
    const struct account_route *route = account_route_find(request, &id);
    struct api_keys *keys = current_keys(api);
    bool has_body = route->method & (METHOD_POST | METHOD_PATCH);
    if (!account_call_judge(api->accounts, keys, worker, request, route, id,
                            &actor, response) ||
        (has_body && !(check_type(request, response) &&
                       check_body(api, worker, request, response)))) {
        api_keys_unref(keys);
        return NULL;
    }
    struct api_call *call = new_call(api, worker, request, &about_accounts);
    call->keys = keys;
    account_call_prepare(call, api->accounts, request, route, id, &actor);
    return call;
}

static struct api_call *serve_account(struct api *api, struct worker *worker,
                                      const struct api_request *request,
                                      const struct route *route,
                                      struct api_response *response)
{
    struct api_call *call = NULL;
    bool is_allowed = pages_origin_is_allowed(&api->pages, request);
    cors_add(request->origin, is_allowed, response);
    if (routes_is_options(request))
        cors_answer_options(route->allow, is_allowed, response);
    else if (!routes_refuse_method(request, route->methods, route->allow,
                                   response))
        call = begin_account(api, worker, request, response);
    if (!call) {
        api_counts_finish(&api->counts, routes_index(route), response);
        return NULL;
    }
    call->route = routes_index(route);
    call->headers = response->headers;
    response->headers = (struct buffer){0};
    return call;
}

void api_use_accounts(struct api *api, const struct api_accounts *accounts)
{
    api->accounts = accounts;
    api->pages.accounts = accounts_options(accounts->accounts);
}

bool api_has_accounts(const struct api *api)
{
    return api->accounts != NULL;
}

/* ---- routes that protocols bring ----------------------------------------- */

static struct api_call *begin_contributed(struct api *api,
                                          struct worker *worker,
                                          const struct api_request *request,
                                          const struct backend_route *route,
                                          const struct contributed_fit *fit,
                                          struct api_response *response)
{
    bool is_post = strcmp(route->method, "POST") == 0;
    unsigned method = is_post ? METHOD_POST : METHOD_GET;
    const char *allow = is_post ? "POST, OPTIONS" : routes_file_allow;
    if (routes_is_options(request))
        cors_answer_options(allow, false, response);
    else if (!routes_refuse_method(request, method, allow, response) &&
             contributed_judge_head(route, worker, request, fit, response) &&
             (!is_post || check_body(api, worker, request, response))) {
        struct api_call *call =
            new_call(api, worker, request, command_named(route->command));
        call->kept = contributed_keep(route, request, fit);
        return call;
    }
    return NULL;
}

static struct api_call *serve_contributed(struct api *api,
                                          struct worker *worker,
                                          const struct api_request *request,
                                          const struct backend_route *route,
                                          const struct contributed_fit *fit,
                                          struct api_response *response)
{
    struct api_call *call =
        begin_contributed(api, worker, request, route, fit, response);
    size_t place = routes_count() + fit->index;
    PANIC_IF(place >= ROUTES_MAX);
    if (call)
        call->route = place;
    else
        api_counts_finish(&api->counts, place, response);
    return call;
}

bool api_is_for_backends(const struct api *api, struct bytes path)
{
    struct contributed_fit fit;
    return bytes_start_with(path, BYTES_LITERAL("/api/")) ||
           (api->accounts && api_is_for_accounts(path)) ||
           contributed_find(api->protocols, path, &fit);
}

/* Apart from files, the public listener serves only health checks. */
static bool is_served_elsewhere(const struct api *api,
                                const struct api_request *request)
{
    struct bytes path = request->path;
    return request->is_for_clients && !api_is_for_balancers(path) &&
           (api_is_for_operators(path) || api_is_dashboard(path) ||
            (api_is_for_backends(api, path) && !api_is_for_accounts(path)));
}

void api_use_protocols(struct api *api, const struct protocol *const *protocols)
{
    api->protocols = protocols;
}

struct api_call *api_serve(struct api *api, struct worker *worker,
                           const struct api_request *request,
                           struct api_response *response)
{
    struct contributed_fit fit;
    struct bytes name;
    if (is_served_elsewhere(api, request)) {
        answer_set_error(response, 404, "Not found");
        return NULL;
    }
    const struct backend_route *contributed =
        contributed_find(api->protocols, request->path, &fit);
    if (contributed)
        return serve_contributed(api, worker, request, contributed, &fit,
                                 response);
    const struct route *route = routes_find(request, &name);
    if (route && route->page == PAGE_ACCOUNTS)
        return serve_account(api, worker, request, route, response);
    if (api_is_for_backends(api, request->path))
        return serve_backend(api, worker, request, response);
    pages_serve(&api->pages, request, response);
    return NULL;
}

void api_write_metrics(struct api *api, struct buffer *out)
{
    struct api_keys *keys = current_keys(api);
    api_counts_write(&api->counts, api->protocols, out);
    api_keys_write_metrics(keys, out);
    api_keys_unref(keys);
}

struct api *api_new(const struct api_sources *sources,
                    const struct api_options *options, const char *web_root,
                    struct error *error)
{
    struct api *api = memory_new(1, sizeof *api);
    pthread_mutex_init(&api->lock, NULL);
    api_use_options(api, options);
    if (pages_init(&api->pages, sources, web_root, error))
        return api;
    api_free(api);
    return NULL;
}

void api_free(struct api *api)
{
    if (!api)
        return;
    pages_deinit(&api->pages);
    api_keys_unref(api->keys);
    pthread_mutex_destroy(&api->lock);
    free(api);
}
