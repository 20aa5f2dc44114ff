/* A request about accounts: method and path on the first line, then its body.
 * Accepted values must be valid in the database, and refusals must have a
 * reason. */
#include <stdlib.h>
#include <string.h>

#include "api/account_fields.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "fakes/fake_instance.h"
#include "fuzz.h"

static struct fake_instance *fake;

static const struct account_route *find_route(struct bytes line)
{
    struct bytes id;
    const char *blank = line.len ? memchr(line.data, ' ', line.len) : NULL;
    if (!blank)
        return NULL;
    size_t len = (size_t)(blank - line.data);
    const struct api_request request = {.method = {line.data, len},
                                        .path = bytes_skip(line, len + 1)};
    return account_route_find(&request, &id);
}

static void check_text(const char *text, size_t max)
{
    PANIC_IF(text && (strlen(text) > max || !utf8_is_valid(bytes_of(text))));
}

static bool has(const struct account_route *route, enum account_field field)
{
    return route->needed >> field & 1;
}

static void check_taken(const struct account_route *route,
                        const struct account_request *request)
{
    check_text(request->email, ACCOUNT_EMAIL_MAX);
    check_text(request->name, ACCOUNT_NAME_MAX);
    check_text(request->password, PASSWORD_MAX);
    check_text(request->new_password, PASSWORD_MAX);
    check_text(request->refresh_token, PASSWORD_MAX);
    PANIC_IF(has(route, ACCOUNT_FIELD_EMAIL) && !request->email);
    PANIC_IF(has(route, ACCOUNT_FIELD_NAME) && !request->name);
    PANIC_IF(has(route, ACCOUNT_FIELD_PASSWORD) && !request->password);
    PANIC_IF(has(route, ACCOUNT_FIELD_REFRESH_TOKEN) &&
             !request->refresh_token);
    if (route->op == ACCOUNT_CREATE)
        PANIC_IF(strlen(request->password) < PASSWORD_MIN);
    if (route->op == ACCOUNT_PASSWORD || route->op == ACCOUNT_RESET)
        PANIC_IF(!request->new_password ||
                 strlen(request->new_password) < PASSWORD_MIN);
    PANIC_IF(request->active < -1 || request->active > 1);
}

static void check_refused(struct api_call *call)
{
    const char *why;
    struct bytes text = buffer_bytes(&call->parts[0].text);
    PANIC_IF(call->parts[0].status != 400);
    PANIC_IF(!json_scan_object(text, NULL, 0, &why));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!fake)
        fake = fake_instance_new(1);
    struct bytes all = {(const char *)data, size};
    const char *end = size ? memchr(data, '\n', size) : NULL;
    size_t len = end ? (size_t)(end - all.data) : size;
    const struct account_route *route =
        find_route((struct bytes){all.data, len});
    if (!route || route->op >= ACCOUNT_OPS)
        return 0;
    struct api_call *call = memory_new(1, sizeof *call);
    struct account_request *request = account_request_new(route->op);
    call->worker = &fake->workers[0];
    buffer_append(&call->body, bytes_skip(all, len + 1));
    call_add_part(call);
    if (account_fields_read(call, route, request))
        check_taken(route, request);
    else
        check_refused(call);
    account_request_free(request);
    call_destroy(call);
    return 0;
}
