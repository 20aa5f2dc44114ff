/* A request of a backend in Pusher's HTTP API: the first line has the route,
 * the name of a channel or a user, and the query; then its body. Invalid
 * signatures are refused, and translations are valid commands. */
#include <stdlib.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "fuzz.h"
#include "protocols/pusher/pusher_api.h"
#include "protocols/pusher/pusher_apps.h"

static void set_up(void)
{
    static struct pusher_app_options app = {
        .id = (char *)"1",
        .key = (char *)"app-key",
        .secret = (char *)"app-secret",
        .event_bytes = 10240,
    };
    pusher_apps_use(&(struct pusher_app_options_list){&app, 1});
}

static struct bytes take(struct bytes *rest, char end)
{
    const char *at = rest->len ? memchr(rest->data, end, rest->len) : NULL;
    size_t len = at ? (size_t)(at - rest->data) : rest->len;
    struct bytes taken = {rest->data, len};
    *rest = bytes_skip(*rest, len + (at != NULL));
    return taken;
}

static const struct backend_route *route_of(unsigned char choice)
{
    unsigned count = 0;
    while (pusher_api_routes[count].path)
        count++;
    return &pusher_api_routes[choice % count];
}

/* The fuzzer does not know the secret. */
static void check_judges(const struct backend_route *route,
                         const struct backend_request *request,
                         struct bytes body)
{
    const char *why = NULL;
    PANIC_IF(route->judge_head(request, &why) == BACKEND_ALLOWED || !why);
    route->judge_body(request, body, &why);
}

static void check_translation(const struct backend_route *route,
                              const struct backend_request *request,
                              struct bytes body)
{
    struct buffer command = {0};
    const char *why = NULL;
    int status = route->translate(request, body, &command, &why);
    PANIC_IF(status == BACKEND_ALLOWED &&
             !json_scan_object(buffer_bytes(&command), NULL, 0, &why));
    PANIC_IF(status != BACKEND_ALLOWED && (status < 400 || !why));
    buffer_deinit(&command);
}

/* The answers of our API are trusted; with any other answer, only memory safety
 * is required. */
static void check_answer(const struct backend_route *route,
                         const struct backend_request *request,
                         struct bytes body)
{
    struct buffer out = {0};
    const char *type = "application/json";
    const char *why;
    if (json_scan_object(body, NULL, 0, &why))
        route->answer(request, 200, body, &out, &type);
    buffer_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = {(const char *)data, size};
    if (!size || !utf8_is_valid(rest))
        return 0;
    const struct backend_route *route = route_of((unsigned char)data[0]);
    rest = bytes_skip(rest, 1);
    struct bytes line = take(&rest, '\n');
    struct backend_request request = {
        .method = bytes_of(route->method),
        .path = BYTES_LITERAL("/apps/1/x"),
        .name = BYTES_LITERAL("1"),
        .item = take(&line, '?'),
    };
    request.query = line;
    set_up();
    check_judges(route, &request, rest);
    check_translation(route, &request, rest);
    check_answer(route, &request, rest);
    pusher_apps_use(&(struct pusher_app_options_list){0});
    return 0;
}
