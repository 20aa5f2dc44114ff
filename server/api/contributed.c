#include "api/contributed.h"

#include <string.h>

#include "api/api_access.h"
#include "base/memory.h"

/* ---- finding ------------------------------------------------------------- */

static const struct backend_route *
route_at(const struct protocol *const *protocols, size_t index)
{
    for (; protocols && *protocols; protocols++) {
        const struct backend_route *route = (*protocols)->routes;
        for (; route && route->path; route++)
            if (!index--)
                return route;
    }
    return NULL;
}

/* Up to the next slash or the end. */
static struct bytes first_segment(struct bytes path)
{
    const char *end = path.len ? memchr(path.data, '/', path.len) : NULL;
    return (struct bytes){path.data,
                          end ? (size_t)(end - path.data) : path.len};
}

static bool fits(struct bytes route, struct bytes path,
                 struct contributed_fit *fit)
{
    struct bytes *stars[] = {&fit->name, &fit->item};
    size_t count = 0;
    fit->name = fit->item = (struct bytes){0};
    while (route.len && path.len) {
        struct bytes expected = first_segment(route);
        struct bytes found = first_segment(path);
        bool is_star = bytes_equal(expected, BYTES_LITERAL("*"));
        if (is_star ? !found.len || count == 2 : !bytes_equal(expected, found))
            return false;
        if (is_star)
            *stars[count++] = found;
        if ((expected.len < route.len) != (found.len < path.len))
            return false;
        route = bytes_skip(route, expected.len + (expected.len < route.len));
        path = bytes_skip(path, found.len + (found.len < path.len));
    }
    return !route.len && !path.len;
}

const struct backend_route *
contributed_find(const struct protocol *const *protocols, struct bytes path,
                 struct contributed_fit *fit)
{
    const struct backend_route *route;
    for (fit->index = 0; (route = route_at(protocols, fit->index));
         fit->index++)
        if (fits(bytes_of(route->path), path, fit))
            return route;
    return NULL;
}

const char *contributed_path(const struct protocol *const *protocols,
                             size_t index)
{
    const struct backend_route *route = route_at(protocols, index);
    return route ? route->path : NULL;
}

/* ---- answering ----------------------------------------------------------- */

static void put_into_form(const struct backend_route *route,
                          const struct backend_request *request,
                          struct api_response *response)
{
    struct buffer text = {0};
    if (!route->answer)
        return;
    response->status = route->answer(request, response->status, response->body,
                                     &text, &response->content_type);
    if (!text.len)
        return;
    buffer_deinit(&response->text);
    response->text = text;
    response->body = buffer_bytes(&response->text);
}

/* ---- judging ------------------------------------------------------------- */

static struct backend_request view_of(const struct api_request *request,
                                      const struct contributed_fit *fit)
{
    return (struct backend_request){
        .method = request->method,
        .path = request->raw_path,
        .query = request->query,
        .name = fit->name,
        .item = fit->item,
        .authorization = request->authorization,
        .content_type = request->content_type,
    };
}

bool contributed_judge_head(const struct backend_route *route,
                            struct worker *worker,
                            const struct api_request *request,
                            const struct contributed_fit *fit,
                            struct api_response *response)
{
    const char *why = "";
    struct backend_request view = view_of(request, fit);
    if (!api_access_has_patience(worker, request, response))
        return false;
    int status = route->judge_head(&view, &why);
    if (status == BACKEND_ALLOWED)
        return true;
    answer_set_error(response, status, why);
    put_into_form(route, &view, response);
    api_access_note_refusal(worker, &request->client, request->path, status);
    return false;
}

/* ---- keeping ------------------------------------------------------------- */

struct kept_request {
    const struct backend_route *route;
    struct ip_address client;
    struct bytes path; /* decoded, for the log */
    struct backend_request view;
    char text[];
};

static void copy(struct bytes *bytes, char **at)
{
    if (bytes->len)
        memcpy(*at, bytes->data, bytes->len);
    bytes->data = *at;
    *at += bytes->len;
}

struct kept_request *contributed_keep(const struct backend_route *route,
                                      const struct api_request *request,
                                      const struct contributed_fit *fit)
{
    struct backend_request view = view_of(request, fit);
    struct bytes path = request->path;
    struct bytes *parts[] = {
        &path,      &view.method, &view.path,          &view.query,
        &view.name, &view.item,   &view.authorization, &view.content_type};
    enum { PARTS = sizeof parts / sizeof *parts };
    size_t len = 0;
    for (size_t i = 0; i < PARTS; i++)
        len += parts[i]->len;
    struct kept_request *kept = memory_new(1, sizeof *kept + len);
    char *at = kept->text;
    for (size_t i = 0; i < PARTS; i++)
        copy(parts[i], &at);
    kept->route = route;
    kept->client = request->client;
    kept->path = path;
    kept->view = view;
    return kept;
}

void contributed_answer(const struct kept_request *kept,
                        struct api_response *response)
{
    put_into_form(kept->route, &kept->view, response);
}

const char *contributed_route(const struct kept_request *kept)
{
    return kept->route->path;
}

static int judge_body(const struct kept_request *kept, struct worker *worker,
                      struct bytes body, const char **why)
{
    const struct backend_route *route = kept->route;
    int status = route->judge_body ? route->judge_body(&kept->view, body, why)
                                   : BACKEND_ALLOWED;
    if (status != BACKEND_ALLOWED)
        api_access_note_refusal(worker, &kept->client, kept->path, status);
    return status;
}

int contributed_prepare(const struct kept_request *kept, struct worker *worker,
                        struct buffer *body, const char **why)
{
    struct buffer translated = {0};
    struct bytes sent = buffer_bytes(body);
    *why = "";
    int status = judge_body(kept, worker, sent, why);
    if (status == BACKEND_ALLOWED)
        status = kept->route->translate(&kept->view, sent, &translated, why);
    buffer_deinit(body);
    *body = translated;
    return status;
}
