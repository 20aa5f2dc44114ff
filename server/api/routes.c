#include "api/routes.h"

#include <string.h>

#include "api/answer.h"

#define GET_ALLOW   "GET, HEAD, OPTIONS"
#define POST_ALLOW  "POST, OPTIONS"
#define USERS_ALLOW "GET, HEAD, POST, OPTIONS"
#define USER_ALLOW  "GET, HEAD, PATCH, DELETE, OPTIONS"

const char routes_file_allow[] = GET_ALLOW;

static const struct route routes[] = {
    {"/health", METHOD_GET, GET_ALLOW, PAGE_HEALTH, NULL},
    {"/ready", METHOD_GET, GET_ALLOW, PAGE_READY, NULL},
    {"/metrics", METHOD_GET, GET_ALLOW, PAGE_METRICS, NULL},
    {"/accounts.json", METHOD_GET, GET_ALLOW, PAGE_ABOUT_ACCOUNTS, NULL},
    {"/api/publish", METHOD_POST, POST_ALLOW, PAGE_NONE, "publish"},
    {"/api/broadcast", METHOD_POST, POST_ALLOW, PAGE_NONE, "broadcast"},
    {"/api/send", METHOD_POST, POST_ALLOW, PAGE_NONE, "send"},
    {"/api/batch", METHOD_POST, POST_ALLOW, PAGE_NONE, "batch"},
    {"/api/disconnect", METHOD_POST, POST_ALLOW, PAGE_NONE, "disconnect"},
    {"/api/unsubscribe", METHOD_POST, POST_ALLOW, PAGE_NONE, "unsubscribe"},
    {"/api/tickets", METHOD_POST, POST_ALLOW, PAGE_NONE, "tickets"},
    {"/api/dashboard", METHOD_POST, POST_ALLOW, PAGE_NONE, "dashboard"},
    {"/api/channels", METHOD_GET, GET_ALLOW, PAGE_NONE, "channels"},
    {"/api/ban", METHOD_POST, POST_ALLOW, PAGE_NONE, "ban"},
    {"/api/unban", METHOD_POST, POST_ALLOW, PAGE_NONE, "unban"},
    {"/api/bans", METHOD_GET, GET_ALLOW, PAGE_NONE, "bans"},
    {"/api/refusals", METHOD_GET, GET_ALLOW, PAGE_NONE, "refusals"},
    {"/api/clients/*", METHOD_GET, GET_ALLOW, PAGE_NONE, "client"},
    {"/api/channels/*/presence", METHOD_GET, GET_ALLOW, PAGE_NONE, "presence"},
    {"/api/channels/*/history", METHOD_GET, GET_ALLOW, PAGE_NONE, "history"},
    {"/users", METHOD_GET | METHOD_POST, USERS_ALLOW, PAGE_ACCOUNTS, NULL},
    {"/users/*/password", METHOD_POST, POST_ALLOW, PAGE_ACCOUNTS, NULL},
    {"/users/*", METHOD_GET | METHOD_PATCH | METHOD_DELETE, USER_ALLOW,
     PAGE_ACCOUNTS, NULL},
    {"/login", METHOD_POST, POST_ALLOW, PAGE_ACCOUNTS, NULL},
    {"/token", METHOD_POST, POST_ALLOW, PAGE_ACCOUNTS, NULL},
    {"/logout", METHOD_POST, POST_ALLOW, PAGE_ACCOUNTS, NULL},
    {"/me", METHOD_GET, GET_ALLOW, PAGE_ACCOUNTS, NULL},
    {"/me/password", METHOD_POST, POST_ALLOW, PAGE_ACCOUNTS, NULL},
    {"/.well-known/jwks.json", METHOD_GET, GET_ALLOW, PAGE_ACCOUNTS, NULL},
};

enum { ROUTES = sizeof routes / sizeof *routes };

_Static_assert((int)ROUTES < (int)ROUTES_MAX, "one row a route, and others");

bool routes_match(const char *route, struct bytes path, struct bytes *channel)
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
        if (routes_match(routes[i].path, path, channel))
            return &routes[i];
    return NULL;
}

/* Files and routes. */
static const char *const for_operators[] = {"/dashboard", "/dashboard/",
                                            "/dashboard/*", "/api/dashboard"};

bool api_is_dashboard(struct bytes path)
{
    struct bytes rest;
    for (size_t i = 0; i < sizeof for_operators / sizeof *for_operators; i++)
        if (routes_match(for_operators[i], path, &rest))
            return true;
    return false;
}

bool api_is_for_balancers(struct bytes path)
{
    struct bytes none;
    const struct route *route = find_route(path, &none);
    return route && (route->page == PAGE_HEALTH || route->page == PAGE_READY);
}

bool api_is_for_operators(struct bytes path)
{
    struct bytes none;
    const struct route *route = find_route(path, &none);
    return route && route->page != PAGE_NONE &&
           route->page < PAGE_ABOUT_ACCOUNTS;
}

bool api_is_for_accounts(struct bytes path)
{
    struct bytes none;
    const struct route *route = find_route(path, &none);
    return route && route->page == PAGE_ACCOUNTS;
}

bool routes_is_hidden(const struct api_request *request)
{
    return !request->sees_dashboard && api_is_dashboard(request->path);
}

const struct route *routes_find(const struct api_request *request,
                                struct bytes *channel)
{
    const struct route *route = find_route(request->path, channel);
    bool lacks_accounts =
        route && route->page == PAGE_ACCOUNTS && !request->has_accounts;
    return routes_is_hidden(request) || lacks_accounts ? NULL : route;
}

size_t routes_index(const struct route *route)
{
    return route ? (size_t)(route - routes) : (size_t)ROUTES;
}

size_t routes_count(void)
{
    return ROUTES + 1;
}

const char *routes_path(size_t index)
{
    return index < ROUTES ? routes[index].path : "other";
}

static bool method_is(const struct api_request *request, const char *method)
{
    return bytes_equal(request->method, bytes_of(method));
}

/* HEAD is a GET whose body the writer leaves out (RFC 9110 section 9.3.2). */
unsigned routes_method(const struct api_request *request)
{
    static const struct {
        const char *name;
        unsigned method;
    } methods[] = {{"GET", METHOD_GET},
                   {"HEAD", METHOD_GET},
                   {"POST", METHOD_POST},
                   {"PATCH", METHOD_PATCH},
                   {"DELETE", METHOD_DELETE}};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (method_is(request, methods[i].name))
            return methods[i].method;
    return 0;
}

bool routes_refuse_method(const struct api_request *request, unsigned methods,
                          const char *allow, struct api_response *response)
{
    if (methods & routes_method(request))
        return false;
    answer_add_header(response, "Allow", bytes_of(allow));
    answer_set_error(response, 405, "Method not allowed");
    return true;
}

bool routes_is_options(const struct api_request *request)
{
    return method_is(request, "OPTIONS");
}
