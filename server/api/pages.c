#include "api/pages.h"

#include "accounts/account_options.h"
#include "api/answer.h"
#include "api/cors.h"
#include "api/files.h"
#include "api/routes.h"

static void serve_health(const struct pages *pages,
                         struct api_response *response)
{
    (void)pages;
    response->status = 200;
    response->content_type = "application/json";
    response->body = BYTES_LITERAL("{\"status\":\"healthy\"}");
}

static void serve_ready(const struct pages *pages,
                        struct api_response *response)
{
    const char *why = NULL;
    if (pages->sources.is_ready(pages->sources.arg, &why)) {
        buffer_append_text(&response->text, "{\"status\":\"ready\"}");
        answer_set_json(response, 200);
        return;
    }
    answer_add_header(response, "Retry-After", BYTES_LITERAL("5"));
    answer_set_error(response, 503, why);
}

static void serve_metrics(const struct pages *pages,
                          struct api_response *response)
{
    pages->sources.write_metrics(pages->sources.arg, &response->text);
    response->status = 200;
    response->content_type = "text/plain; version=0.0.4; charset=utf-8";
    response->body = buffer_bytes(&response->text);
}

static void serve_about_accounts(const struct pages *pages,
                                 struct api_response *response)
{
    const struct account_options *accounts = pages->accounts;
    if (accounts)
        buffer_append_format(&response->text,
                             "{\"accounts\":true,\"sign_up\":%s,"
                             "\"directory\":%s}",
                             accounts->sign_up ? "true" : "false",
                             accounts->directory ? "true" : "false");
    else
        buffer_append_text(&response->text, "{\"accounts\":false}");
    answer_set_json(response, 200);
}

static void serve_route(const struct pages *pages, const struct route *route,
                        struct api_response *response)
{
    static void (*const serve[])(const struct pages *pages,
                                 struct api_response *response) = {
        [PAGE_HEALTH] = serve_health,
        [PAGE_READY] = serve_ready,
        [PAGE_METRICS] = serve_metrics,
        [PAGE_ABOUT_ACCOUNTS] = serve_about_accounts,
    };
    serve[route->page](pages, response);
}

static const struct file *file_of(const struct pages *pages,
                                  const struct api_request *request)
{
    struct bytes path = request->path;
    if (routes_is_hidden(request))
        return NULL;
    if (bytes_equal(path, BYTES_LITERAL("/dashboard")))
        path = BYTES_LITERAL("/dashboard/index.html");
    return files_find(pages->files, path);
}

bool pages_origin_is_allowed(const struct pages *pages,
                             const struct api_request *request)
{
    return request->origin.len &&
           pages->sources.origin_is_allowed(pages->sources.arg, request->origin,
                                            request->host, request->is_secure);
}

/* The page's relative URLs require the path without a slash. */
static void take_slash_away(struct api_response *response)
{
    answer_add_header(response, "Location", BYTES_LITERAL("../dashboard"));
    response->status = 308;
}

static bool has_slash_too_many(const struct api_request *request)
{
    return !routes_is_hidden(request) &&
           bytes_equal(request->path, BYTES_LITERAL("/dashboard/"));
}

void pages_serve(const struct pages *pages, const struct api_request *request,
                 struct api_response *response)
{
    struct bytes none;
    bool is_allowed = pages_origin_is_allowed(pages, request);
    const struct route *route = routes_find(request, &none);
    const struct file *file = route ? NULL : file_of(pages, request);
    cors_add(request->origin, is_allowed, response);
    if (has_slash_too_many(request)) {
        take_slash_away(response);
        return;
    }
    if (!route && !file) {
        answer_set_error(response, 404, "Not found");
        return;
    }
    const char *allow = route ? route->allow : routes_file_allow;
    unsigned methods = route ? route->methods : METHOD_GET;
    if (routes_is_options(request))
        cors_answer_options(allow, is_allowed, response);
    else if (routes_refuse_method(request, methods, allow, response))
        return;
    else if (route)
        serve_route(pages, route, response);
    else
        answer_set_file(response, file, request->if_none_match);
}

bool pages_init(struct pages *pages, const struct api_sources *sources,
                const char *web_root, struct error *error)
{
    *pages = (struct pages){.sources = *sources};
    if (web_root)
        pages->files = files_read(web_root, error);
    return !web_root || pages->files;
}

void pages_deinit(struct pages *pages)
{
    files_free(pages->files);
}
