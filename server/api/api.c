#include "api/api.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <strings.h>

#include "api/answer.h"
#include "api/api_access.h"
#include "api/command.h"
#include "api/files.h"
#include "base/memory.h"
#include "base/utf8.h"

enum method { METHOD_GET = 1, METHOD_POST = 2 };

struct route {
    const char *path;  /* a * stands for a channel */
    unsigned methods;  /* bits of enum method */
    const char *allow; /* the same as a header's value */
    /* one of the two: answered at once, or a call */
    void (*serve)(const struct api *api, struct api_response *response);
    const char *command;
};

enum { ROUTES_MAX = 32 };

struct api {
    /* set once by api_new */
    struct api_sources sources;
    struct files *files;
    /* any thread, under lock */
    pthread_mutex_t lock;
    struct api_keys *keys;
    /* any thread */
    _Atomic uint32_t body_bytes;
    _Atomic uint32_t batch_commands;
    _Atomic uint64_t counts[ROUTES_MAX][ANSWER_STATUSES];
};

const char *api_status_text(int status)
{
    size_t index = answer_find_status(status);
    return index < ANSWER_STATUSES ? answer_statuses[index].text : "Status";
}

static void serve_health(const struct api *api, struct api_response *response)
{
    (void)api;
    response->status = 200;
    response->content_type = "application/json";
    response->body = BYTES_LITERAL("{\"status\":\"healthy\"}");
}

static void serve_ready(const struct api *api, struct api_response *response)
{
    const char *why = NULL;
    if (api->sources.is_ready(api->sources.arg, &why)) {
        buffer_append_text(&response->text, "{\"status\":\"ready\"}");
        answer_set_json(response, 200);
        return;
    }
    answer_add_header(response, "Retry-After", BYTES_LITERAL("5"));
    answer_set_error(response, 503, why);
}

static void serve_metrics(const struct api *api, struct api_response *response)
{
    api->sources.write_metrics(api->sources.arg, &response->text);
    response->status = 200;
    response->content_type = "text/plain; version=0.0.4; charset=utf-8";
    response->body = buffer_bytes(&response->text);
}

#define GET_ALLOW  "GET, HEAD, OPTIONS"
#define POST_ALLOW "POST, OPTIONS"

static const struct route routes[] = {
    {"/health", METHOD_GET, GET_ALLOW, serve_health, NULL},
    {"/ready", METHOD_GET, GET_ALLOW, serve_ready, NULL},
    {"/metrics", METHOD_GET, GET_ALLOW, serve_metrics, NULL},
    {"/api/publish", METHOD_POST, POST_ALLOW, NULL, "publish"},
    {"/api/broadcast", METHOD_POST, POST_ALLOW, NULL, "broadcast"},
    {"/api/send", METHOD_POST, POST_ALLOW, NULL, "send"},
    {"/api/batch", METHOD_POST, POST_ALLOW, NULL, "batch"},
    {"/api/disconnect", METHOD_POST, POST_ALLOW, NULL, "disconnect"},
    {"/api/unsubscribe", METHOD_POST, POST_ALLOW, NULL, "unsubscribe"},
    {"/api/tickets", METHOD_POST, POST_ALLOW, NULL, "tickets"},
    {"/api/dashboard", METHOD_POST, POST_ALLOW, NULL, "dashboard"},
    {"/api/channels", METHOD_GET, GET_ALLOW, NULL, "channels"},
    {"/api/channels/*/presence", METHOD_GET, GET_ALLOW, NULL, "presence"},
    {"/api/channels/*/history", METHOD_GET, GET_ALLOW, NULL, "history"},
};

enum { ROUTES = sizeof routes / sizeof *routes };

_Static_assert((int)ROUTES < (int)ROUTES_MAX, "one row a route, and others");

/* Whether the path is the route's; `channel` is what stands for its *. */
static bool matches(const char *route, struct bytes path, struct bytes *channel)
{
    const char *star = strchr(route, '*');
    *channel = (struct bytes){0};
    if (!star)
        return bytes_equal(bytes_of(route), path);
    struct bytes before = {route, (size_t)(star - route)};
    struct bytes after = bytes_of(star + 1);
    if (path.len <= before.len + after.len || !bytes_start_with(path, before))
        return false;
    *channel = bytes_skip(path, before.len);
    channel->len -= after.len;
    return memcmp(channel->data + channel->len, after.data, after.len) == 0;
}

static const struct route *find_route(struct bytes path, struct bytes *channel)
{
    for (size_t i = 0; i < ROUTES; i++)
        if (matches(routes[i].path, path, channel))
            return &routes[i];
    return NULL;
}

static bool is_hidden(const struct api_request *request)
{
    return !request->sees_dashboard && api_is_dashboard(request->path);
}

static const struct route *route_of(const struct api_request *request,
                                    struct bytes *channel)
{
    return is_hidden(request) ? NULL : find_route(request->path, channel);
}

static const struct file *file_of(const struct api *api,
                                  const struct api_request *request)
{
    struct bytes path = request->path;
    if (is_hidden(request))
        return NULL;
    if (bytes_equal(path, BYTES_LITERAL("/dashboard")))
        path = BYTES_LITERAL("/dashboard/index.html");
    return files_find(api->files, path);
}

bool api_is_dashboard(struct bytes path)
{
    return bytes_equal(path, BYTES_LITERAL("/dashboard")) ||
           bytes_start_with(path, BYTES_LITERAL("/dashboard/")) ||
           bytes_equal(path, BYTES_LITERAL("/api/dashboard"));
}

bool api_is_for_backends(struct bytes path)
{
    return bytes_start_with(path, BYTES_LITERAL("/api/"));
}

static bool method_is(const struct api_request *request, const char *method)
{
    return bytes_equal(request->method, bytes_of(method));
}

/* HEAD is a GET whose body the writer leaves out (RFC 9110 section 9.3.2). */
static unsigned method_of(const struct api_request *request)
{
    if (method_is(request, "GET") || method_is(request, "HEAD"))
        return METHOD_GET;
    return method_is(request, "POST") ? METHOD_POST : 0;
}

static void refuse_method(struct api_response *response, const char *allow)
{
    answer_add_header(response, "Allow", bytes_of(allow));
    answer_set_error(response, 405, "Method not allowed");
}

/* The Fetch standard's CORS protocol: whose page may read the answer. */
static bool add_cors(const struct api *api, const struct api_request *request,
                     struct api_response *response)
{
    answer_add_header(response, "Vary", BYTES_LITERAL("Origin"));
    if (!request->origin.len)
        return false;
    if (!api->sources.origin_is_allowed(api->sources.arg, request->origin,
                                        request->host))
        return false;
    answer_add_header(response, "Access-Control-Allow-Origin", request->origin);
    answer_add_header(response, "Access-Control-Allow-Credentials",
                      BYTES_LITERAL("true"));
    return true;
}

static void serve_options(const char *allow, bool origin_is_allowed,
                          struct api_response *response)
{
    response->status = 204;
    answer_add_header(response, "Allow", bytes_of(allow));
    if (!origin_is_allowed)
        return;
    answer_add_header(response, "Access-Control-Allow-Methods",
                      bytes_of(allow));
    answer_add_header(response, "Access-Control-Allow-Headers",
                      BYTES_LITERAL("Authorization, Content-Type"));
    answer_add_header(response, "Access-Control-Max-Age", BYTES_LITERAL("600"));
}

/* ---- the API for backends */

uint32_t api_batch_commands(const struct api *api)
{
    return api->batch_commands;
}

void api_use_options(struct api *api, const struct api_options *options)
{
    struct api_keys *fresh = api_keys_new(&options->keys, options->key,
                                          options->requests_per_second);
    api->body_bytes = options->body_bytes;
    api->batch_commands = options->batch_commands;
    pthread_mutex_lock(&api->lock);
    struct api_keys *former = api->keys;
    api->keys = fresh;
    pthread_mutex_unlock(&api->lock);
    api_keys_unref(former);
}

/* As they are now; a reference. */
static struct api_keys *current_keys(struct api *api)
{
    pthread_mutex_lock(&api->lock);
    struct api_keys *keys = api_keys_ref(api->keys);
    pthread_mutex_unlock(&api->lock);
    return keys;
}

void api_finish(struct api *api, size_t route, struct api_response *response)
{
    size_t status = answer_find_status(response->status);
    if (status < ANSWER_STATUSES)
        atomic_fetch_add_explicit(&api->counts[route][status], 1,
                                  memory_order_relaxed);
    answer_add_header(response, "Cache-Control", BYTES_LITERAL("no-store"));
    if (response->status == 401)
        answer_add_header(response, "WWW-Authenticate",
                          BYTES_LITERAL("Bearer"));
    if (response->status == 429 || response->status == 503)
        answer_add_header(response, "Retry-After", BYTES_LITERAL("1"));
}

static bool is_json(struct bytes type)
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
    api_finish(call->api, call->route, response);
}

static bool check_body(const struct api *api, struct worker *worker,
                       const struct api_request *request,
                       struct api_response *response)
{
    if (!is_json(request->content_type))
        answer_set_error(response, 415,
                         "Content-Type must be application/json");
    else if (!request->has_length && !request->is_chunked)
        answer_set_error(response, 411, "Content-Length required");
    else if (request->body_len > api->body_bytes)
        refuse_body(worker, response);
    else
        return true;
    return false;
}

/* A GET says in its path and query what a POST says in its body. */
static bool make_body(const struct api_request *request, struct bytes channel,
                      struct buffer *out)
{
    uint64_t number;
    if (!utf8_is_valid(channel))
        return false;
    buffer_append_text(out, "{\"channel\":");
    buffer_append_json_string(out, channel);
    if (json_decode_uint(request->limit, &number))
        buffer_append_format(out, ",\"limit\":%.*s", (int)request->limit.len,
                             request->limit.data);
    else if (request->limit.len)
        buffer_append_text(out, ",\"limit\":false");
    buffer_append_char(out, '}');
    return true;
}

static struct api_call *begin_call(struct api *api, struct worker *worker,
                                   const struct api_request *request,
                                   const struct route *route,
                                   struct bytes channel,
                                   struct api_response *response)
{
    const struct command *command = command_named(route->command);
    struct api_keys *keys = current_keys(api);
    const struct api_key *key =
        api_access_judge(keys, worker, request, command->scope, response);
    bool is_post = route->methods & METHOD_POST;
    if (!key || (is_post && !check_body(api, worker, request, response))) {
        api_keys_unref(keys);
        return NULL;
    }
    struct api_call *call = memory_new(1, sizeof *call);
    call->api = api;
    call->keys = keys;
    call->worker = worker;
    call->command = command;
    call->key = key;
    call->route = (size_t)(route - routes);
    call->body_len = (size_t)request->body_len;
    if (request->is_chunked)
        call->body_len = (size_t)api->body_bytes + 1; /* and the blank */
    call_keep_trace(call, request->trace);
    if (is_post || make_body(request, channel, &call->body))
        return call;
    api_call_free(call);
    answer_set_error(response, 400, "channel must be UTF-8");
    return NULL;
}

/* No CORS: a page has no business with an API key. */
static struct api_call *serve_backend(struct api *api, struct worker *worker,
                                      const struct api_request *request,
                                      struct api_response *response)
{
    struct bytes channel;
    struct api_call *call = NULL;
    const struct route *route = route_of(request, &channel);
    size_t index = route ? (size_t)(route - routes) : ROUTES;
    if (!route)
        answer_set_error(response, 404, "Not found");
    else if (method_is(request, "OPTIONS"))
        serve_options(route->allow, false, response);
    else if (!(route->methods & method_of(request)))
        refuse_method(response, route->allow);
    else
        call = begin_call(api, worker, request, route, channel, response);
    if (!call)
        api_finish(api, index, response);
    return call;
}

/* The page's own addresses are relative to the one without. */
static void take_slash_away(struct api_response *response)
{
    answer_add_header(response, "Location", BYTES_LITERAL("../dashboard"));
    response->status = 308;
}

static void serve_page(const struct api *api, const struct api_request *request,
                       struct api_response *response)
{
    struct bytes none;
    bool origin_is_allowed = add_cors(api, request, response);
    const struct route *route = route_of(request, &none);
    const struct file *file = route ? NULL : file_of(api, request);
    if (!is_hidden(request) &&
        bytes_equal(request->path, BYTES_LITERAL("/dashboard/"))) {
        take_slash_away(response);
        return;
    }
    if (!route && !file) {
        answer_set_error(response, 404, "Not found");
        return;
    }
    const char *allow = route ? route->allow : GET_ALLOW;
    unsigned methods = route ? route->methods : METHOD_GET;
    if (method_is(request, "OPTIONS"))
        serve_options(allow, origin_is_allowed, response);
    else if (!(methods & method_of(request)))
        refuse_method(response, allow);
    else if (route)
        route->serve(api, response);
    else
        answer_set_file(response, file, request->if_none_match);
}

struct api_call *api_serve(struct api *api, struct worker *worker,
                           const struct api_request *request,
                           struct api_response *response)
{
    if (api_is_for_backends(request->path))
        return serve_backend(api, worker, request, response);
    serve_page(api, request, response);
    return NULL;
}

void api_write_metrics(const struct api *api, struct buffer *out)
{
    buffer_append_text(out, "# HELP peal_api_requests_total Requests of "
                            "backends answered.\n"
                            "# TYPE peal_api_requests_total counter\n");
    for (size_t i = 0; i <= ROUTES; i++)
        for (size_t j = 0; j < ANSWER_STATUSES; j++) {
            uint64_t count =
                atomic_load_explicit(&api->counts[i][j], memory_order_relaxed);
            if (count)
                buffer_append_format(
                    out,
                    "peal_api_requests_total{route=\"%s\",status=\"%d\"} "
                    "%llu\n",
                    i < ROUTES ? routes[i].path : "other",
                    answer_statuses[j].status, (unsigned long long)count);
        }
}

struct api *api_new(const struct api_sources *sources,
                    const struct api_options *options, const char *web_root,
                    struct error *error)
{
    struct api *api = memory_new(1, sizeof *api);
    api->sources = *sources;
    pthread_mutex_init(&api->lock, NULL);
    api_use_options(api, options);
    if (!web_root)
        return api;
    api->files = files_read(web_root, error);
    if (api->files)
        return api;
    api_free(api);
    return NULL;
}

void api_free(struct api *api)
{
    if (!api)
        return;
    files_free(api->files);
    api_keys_unref(api->keys);
    pthread_mutex_destroy(&api->lock);
    free(api);
}

void api_response_deinit(struct api_response *response)
{
    buffer_deinit(&response->text);
    buffer_deinit(&response->headers);
}
