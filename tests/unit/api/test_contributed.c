/* Backend routes contributed by protocols: checks before and after the body,
 * and the resulting commands. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_instance.h"
#include "messaging/protocol.h"
#include "messaging/refusals.h"

static struct fake_instance *fake;
static struct api *api;
static char last[1024];

/* ---- a protocol whose requests are signed by their length ---------------- */

static int judge_head(const struct backend_request *request, const char **why)
{
    *why = "signature required";
    return request->query.len ? BACKEND_ALLOWED : 401;
}

static int judge_body(const struct backend_request *request, struct bytes body,
                      const char **why)
{
    char wanted[32];
    snprintf(wanted, sizeof wanted, "length=%zu", body.len);
    *why = "bad signature";
    return bytes_equal(request->query, bytes_of(wanted)) ? BACKEND_ALLOWED
                                                         : 401;
}

static int translate(const struct backend_request *request, struct bytes body,
                     struct buffer *out, const char **why)
{
    *why = "the body must not be empty";
    if (!body.len)
        return 422;
    assert_bytes(request->path, "/odd/a%20b/events");
    assert_bytes(request->method, "POST");
    buffer_append_text(out, "{\"channel\":");
    buffer_append_json_string(out, request->name);
    buffer_append_text(out, ",\"payload\":");
    buffer_append_json_string(out, body);
    buffer_append_char(out, '}');
    return BACKEND_ALLOWED;
}

static const struct backend_route odd_routes[] = {
    {"/odd/*/events", "POST", judge_head, judge_body, "publish", translate,
     NULL},
    {0},
};

static const struct protocol plain = {.name = "plain"};
static const struct protocol odd = {.name = "odd", .routes = odd_routes};
static const struct protocol *const table[] = {&plain, &odd, NULL};

/* ---- requests ------------------------------------------------------------ */

static bool no_origin(void *arg, struct bytes origin, struct bytes host,
                      bool is_secure)
{
    (void)arg, (void)origin, (void)host, (void)is_secure;
    return false;
}

static int set_up(void **state)
{
    (void)state;
    struct error error;
    const struct api_options options = {
        .key = (char *)"key", .body_bytes = 50, .batch_commands = 3};
    const struct api_sources sources = {.origin_is_allowed = no_origin};
    fake = fake_instance_new(1);
    api = api_new(&sources, &options, NULL, &error);
    api_use_protocols(api, table);
    last[0] = '\0';
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_instance_free(fake);
    api_free(api);
    return 0;
}

static void note(const struct api_response *response)
{
    snprintf(last, sizeof last, "%d %.*s", response->status,
             (int)response->body.len, response->body.data);
}

static void on_response(void *arg, const struct api_response *response)
{
    note(response);
    api_call_free(arg);
}

static const char *ask(const char *method, const char *path, const char *query,
                       const char *body)
{
    char raw[] = "/odd/a%20b/events"; /* released before the body arrives */
    struct api_response response = {0};
    const struct api_request request = {
        .method = bytes_of(method),
        .path = bytes_of(path),
        .raw_path = bytes_of(raw),
        .query = bytes_of(query),
        .has_length = true,
        .body_len = strlen(body),
    };
    struct api_call *call =
        api_serve(api, &fake->workers[0], &request, &response);
    raw[1] = 'X';
    if (!call) {
        note(&response);
        api_response_deinit(&response);
        return last;
    }
    assert_true(api_call_add(call, bytes_of(body)));
    api_call_run(call, on_response, call);
    fake_instance_turn(fake);
    return last;
}

static const char *post(const char *query, const char *body)
{
    return ask("POST", "/odd/room/events", query, body);
}

static void a_good_request_becomes_a_command(void **state)
{
    (void)state;
    assert_non_null(strstr(post("length=5", "hello"), "200 {\"channel\":"
                                                      "\"room\""));
    assert_int_equal(fake_instance_metric(fake, METRIC_API_PUBLISHED), 1);
}

static void the_head_is_checked_before_the_body(void **state)
{
    (void)state;
    assert_string_equal(post("", "hello"),
                        "401 {\"error\":\"signature required\"}");
}

static void the_body_is_checked_before_the_command_runs(void **state)
{
    (void)state;
    assert_string_equal(post("length=4", "hello"),
                        "401 {\"error\":\"bad signature\"}");
    assert_string_equal(post("length=0", ""),
                        "422 {\"error\":\"the body must not be empty\"}");
    assert_int_equal(fake_instance_metric(fake, METRIC_API_PUBLISHED), 0);
}

static void a_refusal_by_the_command_is_reported(void **state)
{
    (void)state;
    const char *answer =
        ask("POST", "/odd/no room/events", "length=5", "hello");
    assert_non_null(strstr(answer, "400 {\"error\":"));
}

static void other_methods_and_long_bodies_are_refused(void **state)
{
    (void)state;
    assert_non_null(
        strstr(ask("GET", "/odd/room/events", "length=0", ""), "405 "));
    assert_non_null(strstr(ask("OPTIONS", "/odd/room/events", "", ""), "204 "));
    assert_non_null(
        strstr(post("x", "123456789 123456789 123456789 123456789 123456789 1"),
               "413 "));
    assert_non_null(strstr(ask("POST", "/odd/events", "x", ""), "404 "));
}

static void refusals_per_address_are_limited(void **state)
{
    (void)state;
    fake_clock_stop();
    fake->options.limits.refusals_per_second = 2;
    post("length=1", "hello"); /* after the body */
    post("", "hello");         /* before the body */
    assert_string_equal(post("length=5", "hello"),
                        "429 {\"error\":\"Too many refusals\"}");
}

static void requests_are_counted_by_route(void **state)
{
    (void)state;
    struct buffer text = {0};
    post("length=5", "hello");
    post("", "hello");
    api_write_metrics(api, &text);
    assert_non_null(strstr(buffer_text(&text),
                           "{route=\"/odd/*/events\",status=\"200\"} 1"));
    assert_non_null(strstr(buffer_text(&text),
                           "{route=\"/odd/*/events\",status=\"401\"} 1"));
    buffer_deinit(&text);
}

static void contributed_paths_are_for_backends(void **state)
{
    (void)state;
    assert_true(api_is_for_backends(api, BYTES_LITERAL("/odd/a/events")));
    assert_true(api_is_for_backends(api, BYTES_LITERAL("/api/x")));
    assert_false(api_is_for_backends(api, BYTES_LITERAL("/odd/a")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_good_request_becomes_a_command),
        TEST(the_head_is_checked_before_the_body),
        TEST(the_body_is_checked_before_the_command_runs),
        TEST(a_refusal_by_the_command_is_reported),
        TEST(other_methods_and_long_bodies_are_refused),
        TEST(refusals_per_address_are_limited),
        TEST(requests_are_counted_by_route),
        TEST(contributed_paths_are_for_backends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
