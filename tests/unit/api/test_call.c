/* Calls apart from their commands, which tests/integration covers. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "fakes/fake_instance.h"

static struct fake_instance *fake;
static struct api *api;
static int answers;
static char last[1024];

static bool no_origin(void *arg, struct bytes origin, struct bytes host,
                      bool is_secure)
{
    (void)is_secure;
    (void)arg, (void)origin, (void)host;
    return false;
}

static int set_up(void **state)
{
    (void)state;
    struct error error;
    const struct api_options options = {
        .key = (char *)"key", .body_bytes = 500, .batch_commands = 3};
    const struct api_sources sources = {.origin_is_allowed = no_origin};
    fake = fake_instance_new(1);
    api = api_new(&sources, &options, NULL, &error);
    answers = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_instance_free(fake);
    api_free(api);
    return 0;
}

static struct api_call *begin(const char *path, const char *body)
{
    struct api_response response = {0};
    const struct api_request request = {
        .method = BYTES_LITERAL("POST"),
        .path = bytes_of(path),
        .authorization = BYTES_LITERAL("Bearer key"),
        .content_type = BYTES_LITERAL("application/json"),
        .has_length = true,
        .body_len = strlen(body),
    };
    struct api_call *call =
        api_serve(api, &fake->workers[0], &request, &response);
    api_response_deinit(&response);
    assert_non_null(call);
    assert_true(api_call_add(call, bytes_of(body)));
    return call;
}

static void on_response(void *arg, const struct api_response *response)
{
    answers++;
    snprintf(last, sizeof last, "%d %.*s", response->status,
             (int)response->body.len, response->body.data);
    api_call_free(arg);
}

static void run(const char *path, const char *body)
{
    struct api_call *call = begin(path, body);
    api_call_run(call, on_response, call);
}

#define PUBLISH "{\"channel\":\"a\",\"payload\":1}"

static void a_response_never_arrives_synchronously(void **state)
{
    (void)state;
    run("/api/publish", PUBLISH);
    run("/api/publish", "{}");
    assert_int_equal(answers, 0);
    fake_instance_turn(fake);
    assert_int_equal(answers, 2);
    assert_string_equal(
        last, "400 {\"error\":\"channel is missing\",\"field\":\"channel\"}");
}

static void a_cancelled_call_gets_no_response(void **state)
{
    (void)state;
    struct api_call *never_run = begin("/api/publish", PUBLISH);
    struct api_call *running = begin("/api/publish", PUBLISH);
    api_call_run(running, on_response, running);
    api_call_free(never_run);
    api_call_free(running);
    fake_instance_turn(fake);
    assert_int_equal(answers, 0);
    /* commands already sent to the bus are executed anyway */
    assert_int_equal(fake_instance_metric(fake, METRIC_API_PUBLISHED), 1);
    run("/api/publish", PUBLISH);
    fake_instance_turn(fake);
    assert_non_null(strstr(last, "\"offset\":2"));
}

static void a_body_is_limited_to_its_announced_length(void **state)
{
    (void)state;
    struct api_call *call = begin("/api/publish", PUBLISH);
    assert_true(api_call_add(call, (struct bytes){0}));
    assert_false(api_call_add(call, BYTES_LITERAL("x")));
    api_call_free(call);
}

static void parts_keep_their_order(void **state)
{
    (void)state;
    run("/api/batch", "{\"commands\":[{\"command\":\"publish\",\"channel\":"
                      "\"a\",\"payload\":1},{\"command\":\"none\"},{"
                      "\"command\":\"channels\",\"limit\":0}]}");
    fake_instance_turn(fake);
    const char *published = strstr(last, "\"offset\":1");
    const char *refused = strstr(last, "unknown command");
    const char *channels = strstr(last, "\"channels\":[]");
    assert_non_null(published);
    assert_true(published < refused && refused < channels);
}

/* Arguments from the path, and data in responses, are counted and released. */
static void waiting_bytes_return_to_zero(void **state)
{
    (void)state;
    struct api_response response = {0};
    const struct api_request request = {
        .method = BYTES_LITERAL("GET"),
        .path = BYTES_LITERAL("/api/channels/a/history"),
        .authorization = BYTES_LITERAL("Bearer key"),
    };
    struct api_call *call =
        api_serve(api, &fake->workers[0], &request, &response);
    assert_non_null(call);
    api_call_run(call, on_response, call);
    run("/api/batch", "{\"commands\":[{\"command\":\"history\",\"channel\":"
                      "\"a\"},{\"command\":\"bans\"}]}");
    assert_true(fake_instance_metric(fake, METRIC_WAITING_BYTES) > 50);
    fake_instance_turn(fake);
    assert_int_equal(answers, 2);
    assert_int_equal(fake_instance_metric(fake, METRIC_WAITING_BYTES), 0);
}

static void a_call_outlives_a_change_of_keys(void **state)
{
    (void)state;
    struct api_call *call = begin(
        "/api/batch", "{\"commands\":[{\"command\":\"publish\",\"channel\":"
                      "\"a\",\"payload\":1}]}");
    api_use_options(
        api, &(struct api_options){.body_bytes = 500, .batch_commands = 3});
    api_call_run(call, on_response, call);
    fake_instance_turn(fake);
    assert_non_null(strstr(last, "\"offset\":1"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_response_never_arrives_synchronously),
        TEST(a_cancelled_call_gets_no_response),
        TEST(a_body_is_limited_to_its_announced_length),
        TEST(parts_keep_their_order),
        TEST(waiting_bytes_return_to_zero),
        TEST(a_call_outlives_a_change_of_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
