/* A request of a backend: its path on the first line, then its body. Every
 * request must get an answer that is JSON according to our own reader. */
#include <stdlib.h>

#include "api/api.h"
#include "base/json.h"
#include "base/memory.h"
#include "fakes/fake_instance.h"
#include "fuzz.h"

static struct fake_instance *fake;
static struct api *api;
static int answers;

static bool no_origin(void *arg, struct bytes origin, struct bytes host,
                      bool is_secure)
{
    (void)is_secure;
    (void)arg, (void)origin, (void)host;
    return false;
}

static void set_up(void)
{
    struct error error;
    const struct api_options options = {
        .key = (char *)"key", .body_bytes = 100000, .batch_commands = 50};
    const struct api_sources sources = {.origin_is_allowed = no_origin};
    fake = fake_instance_new(1);
    api = api_new(&sources, &options, NULL, &error);
    PANIC_IF(!api);
}

static void check(const struct api_response *response)
{
    const char *why;
    PANIC_IF(response->status < 200 || response->status > 503);
    PANIC_IF(response->status != 204 &&
             !json_scan_object(response->body, NULL, 0, &why));
}

static void on_response(void *arg, const struct api_response *response)
{
    answers++;
    check(response);
    api_call_free(arg);
}

static void ask(const char *method, struct bytes path, struct bytes body)
{
    struct api_response response = {0};
    const struct api_request request = {
        .method = bytes_of(method),
        .path = path,
        .limit = body,
        .trace = body,
        .authorization = BYTES_LITERAL("Bearer key"),
        .content_type = BYTES_LITERAL("application/json"),
        .has_length = true,
        .body_len = body.len,
    };
    int before = answers;
    struct api_call *call =
        api_serve(api, &fake->workers[0], &request, &response);
    if (!call) {
        check(&response);
        api_response_deinit(&response);
        return;
    }
    bool is_post = method[0] == 'P';
    PANIC_IF(is_post && !api_call_add(call, body));
    api_call_run(call, on_response, call);
    fake_instance_turn(fake);
    PANIC_IF(answers != before + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!fake)
        set_up();
    struct bytes all = {(const char *)data, size};
    const char *end = size ? memchr(data, '\n', size) : NULL;
    size_t len = end ? (size_t)(end - all.data) : size;
    struct buffer path = {0};
    buffer_append_text(&path, "/api/");
    buffer_append(&path, (struct bytes){all.data, len});
    ask("POST", buffer_bytes(&path), bytes_skip(all, len + 1));
    ask("GET", buffer_bytes(&path), bytes_skip(all, len + 1));
    buffer_deinit(&path);
    return 0;
}
