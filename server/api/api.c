#include "api/api.h"

#include <stdlib.h>

#include "api/files.h"
#include "base/memory.h"

struct api {
    struct api_sources sources;
    struct files *files;
};

enum method { METHOD_GET = 1, METHOD_POST = 2 };

struct route {
    const char *path;
    unsigned methods; /* bits of enum method */
    const char *allow; /* the same as a header's value */
    void (*serve)(const struct api *api, struct api_response *response);
};

const char *api_status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } texts[] = {
        {200, "OK"},
        {204, "No Content"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {413, "Content Too Large"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].status == status)
            return texts[i].text;
    return "Status";
}

static void set_json(struct api_response *response, int status)
{
    response->status = status;
    response->content_type = "application/json";
    response->body = buffer_bytes(&response->text);
}

static void set_error(struct api_response *response, int status,
                      const char *error)
{
    buffer_append_text(&response->text, "{\"error\":");
    buffer_append_json_string(&response->text, bytes_of(error));
    buffer_append_char(&response->text, '}');
    set_json(response, status);
}

static void add_header(struct api_response *response, const char *name,
                       struct bytes value)
{
    buffer_append_text(&response->headers, name);
    buffer_append_text(&response->headers, ": ");
    buffer_append(&response->headers, value);
    buffer_append_text(&response->headers, "\r\n");
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
        set_json(response, 200);
        return;
    }
    add_header(response, "Retry-After", BYTES_LITERAL("5"));
    set_error(response, 503, why);
}

static void serve_metrics(const struct api *api, struct api_response *response)
{
    api->sources.write_metrics(api->sources.arg, &response->text);
    response->status = 200;
    response->content_type = "text/plain; version=0.0.4; charset=utf-8";
    response->body = buffer_bytes(&response->text);
}

static const struct route routes[] = {
    {"/health", METHOD_GET, "GET, HEAD, OPTIONS", serve_health},
    {"/ready", METHOD_GET, "GET, HEAD, OPTIONS", serve_ready},
    {"/metrics", METHOD_GET, "GET, HEAD, OPTIONS", serve_metrics},
};

static const struct route *find_route(struct bytes path)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (bytes_equal(bytes_of(routes[i].path), path))
            return &routes[i];
    return NULL;
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
    add_header(response, "Allow", bytes_of(allow));
    set_error(response, 405, "Method not allowed");
}

/* RFC 9110 section 13.1.2: a list of tags, of which a W/ does not matter. */
static bool tag_is_listed(struct bytes list, const char *tag)
{
    return bytes_equal(list, BYTES_LITERAL("*")) ||
           (list.len && memmem(list.data, list.len, tag, strlen(tag)));
}

static void serve_file(const struct file *file,
                       const struct api_request *request,
                       struct api_response *response)
{
    add_header(response, "ETag", bytes_of(file->etag));
    add_header(response, "Cache-Control", BYTES_LITERAL("no-cache"));
    if (tag_is_listed(request->if_none_match, file->etag)) {
        response->status = 304;
        return;
    }
    response->status = 200;
    response->content_type = file->content_type;
    response->body = file->content;
}

/* The Fetch standard's CORS protocol: whose page may read the answer. */
static bool add_cors(const struct api *api, const struct api_request *request,
                     struct api_response *response)
{
    add_header(response, "Vary", BYTES_LITERAL("Origin"));
    if (!request->origin.len)
        return false;
    if (!api->sources.origin_is_allowed(api->sources.arg, request->origin,
                                        request->host))
        return false;
    add_header(response, "Access-Control-Allow-Origin", request->origin);
    add_header(response, "Access-Control-Allow-Credentials",
               BYTES_LITERAL("true"));
    return true;
}

static void serve_options(const char *allow, bool origin_is_allowed,
                          struct api_response *response)
{
    response->status = 204;
    add_header(response, "Allow", bytes_of(allow));
    if (!origin_is_allowed)
        return;
    add_header(response, "Access-Control-Allow-Methods", bytes_of(allow));
    add_header(response, "Access-Control-Allow-Headers",
               BYTES_LITERAL("Authorization, Content-Type"));
    add_header(response, "Access-Control-Max-Age", BYTES_LITERAL("600"));
}

void api_serve(const struct api *api, const struct api_request *request,
               struct api_response *response)
{
    static const char file_allow[] = "GET, HEAD, OPTIONS";
    bool origin_is_allowed = add_cors(api, request, response);
    const struct route *route = find_route(request->path);
    const struct file *file =
        route ? NULL : files_find(api->files, request->path);
    if (!route && !file) {
        set_error(response, 404, "Not found");
        return;
    }
    const char *allow = route ? route->allow : file_allow;
    unsigned methods = route ? route->methods : METHOD_GET;
    if (method_is(request, "OPTIONS"))
        serve_options(allow, origin_is_allowed, response);
    else if (!(methods & method_of(request)))
        refuse_method(response, allow);
    else if (route)
        route->serve(api, response);
    else
        serve_file(file, request, response);
}

struct api *api_new(const struct api_sources *sources, const char *web_root,
                    struct error *error)
{
    struct api *api = memory_new(1, sizeof *api);
    api->sources = *sources;
    if (!web_root)
        return api;
    api->files = files_read(web_root, error);
    if (api->files)
        return api;
    free(api);
    return NULL;
}

void api_free(struct api *api)
{
    if (!api)
        return;
    files_free(api->files);
    free(api);
}

void api_response_deinit(struct api_response *response)
{
    buffer_deinit(&response->text);
    buffer_deinit(&response->headers);
}
