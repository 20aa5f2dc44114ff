#include "unit.h"

#include <stdlib.h>
#include <unistd.h>

#include "api/api.h"
#include "fakes/fake_folder.h"

static struct api *api;
static bool is_ready_now;

static bool is_ready(void *arg, const char **why)
{
    (void)arg;
    *why = is_ready_now ? NULL : "Draining";
    return is_ready_now;
}

static bool origin_is_allowed(void *arg, struct bytes origin, struct bytes host,
                              bool is_secure)
{
    (void)is_secure;
    (void)arg;
    (void)host;
    return bytes_equal(origin, BYTES_LITERAL("https://good.example"));
}

static void write_metrics(void *arg, struct buffer *out)
{
    (void)arg;
    buffer_append_text(out, "peal_connections 0\n");
}

static const struct api_sources sources = {
    .is_ready = is_ready,
    .origin_is_allowed = origin_is_allowed,
    .write_metrics = write_metrics,
};

static const struct api_options options = {.body_bytes = 1000,
                                           .batch_commands = 3};

static int set_up(void **state)
{
    (void)state;
    struct error error;
    const char *root = fake_folder_make();
    fake_folder_write("index.html", BYTES_LITERAL("<p>chat"));
    fake_folder_write("peal.js", BYTES_LITERAL("export {}"));
    api = api_new(&sources, &options, root, &error);
    assert_non_null(api);
    is_ready_now = true;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    api_free(api);
    fake_folder_remove();
    return 0;
}

static struct api_response serve(struct api_request request)
{
    struct api_response response = {0};
    assert_null(api_serve(api, NULL, &request, &response));
    return response;
}

static struct api_response ask(const char *method, const char *path)
{
    return serve((struct api_request){.method = bytes_of(method),
                                      .path = bytes_of(path)});
}

static void assert_response(struct api_response response, int status,
                            const char *content_type, const char *body)
{
    assert_int_equal(response.status, status);
    if (content_type)
        assert_string_equal(response.content_type, content_type);
    else
        assert_null(response.content_type);
    assert_bytes(response.body, body);
    api_response_deinit(&response);
}

static void assert_header(struct api_response *response, const char *line)
{
    if (!strstr(buffer_text(&response->headers), line))
        fail_msg("no %s in:\n%s", line, buffer_text(&response->headers));
}

static void assert_no_header(struct api_response *response, const char *name)
{
    if (strstr(buffer_text(&response->headers), name))
        fail_msg("%s in:\n%s", name, buffer_text(&response->headers));
}

#define JSON "application/json"

static void health_reports_healthy(void **state)
{
    (void)state;
    assert_response(ask("GET", "/health"), 200, JSON,
                    "{\"status\":\"healthy\"}");
}

static void ready_reports_the_reason(void **state)
{
    (void)state;
    assert_response(ask("GET", "/ready"), 200, JSON, "{\"status\":\"ready\"}");
    is_ready_now = false;
    struct api_response response = ask("GET", "/ready");
    assert_header(&response, "Retry-After: 5\r\n");
    assert_response(response, 503, JSON, "{\"error\":\"Draining\"}");
}

static void metrics_are_text_for_prometheus(void **state)
{
    (void)state;
    assert_response(ask("GET", "/metrics"), 200,
                    "text/plain; version=0.0.4; charset=utf-8",
                    "peal_connections 0\n");
}

static void head_works_like_get(void **state)
{
    (void)state;
    assert_response(ask("HEAD", "/health"), 200, JSON,
                    "{\"status\":\"healthy\"}");
    struct api_response response = ask("HEAD", "/peal.js");
    assert_int_equal(response.status, 200);
    assert_header(&response, "ETag: \"");
    api_response_deinit(&response);
}

static void unknown_paths_are_not_found(void **state)
{
    (void)state;
    static const char *const paths[] = {"/nope",       "",
                                        "health",      "/health/",
                                        "/Health",     "/index.html/",
                                        "/../peal.js", "//peal.js",
                                        "/./peal.js",  "/peal.j"};
    for (size_t i = 0; i < COUNT(paths); i++)
        assert_response(ask("GET", paths[i]), 404, JSON,
                        "{\"error\":\"Not found\"}");
    assert_response(ask("POST", "/nope"), 404, JSON,
                    "{\"error\":\"Not found\"}");
    assert_response(ask("OPTIONS", "/nope"), 404, JSON,
                    "{\"error\":\"Not found\"}");
}

static void other_methods_are_not_allowed(void **state)
{
    (void)state;
    static const char *const methods[] = {"POST", "PUT",   "DELETE",
                                          "get",  "TRACE", ""};
    static const char *const paths[] = {"/health", "/metrics", "/peal.js", "/"};
    for (size_t i = 0; i < COUNT(methods); i++) {
        for (size_t j = 0; j < COUNT(paths); j++) {
            struct api_response response = ask(methods[i], paths[j]);
            assert_header(&response, "Allow: GET, HEAD, OPTIONS\r\n");
            assert_response(response, 405, JSON,
                            "{\"error\":\"Method not allowed\"}");
        }
    }
}

static void files_have_a_type_and_an_etag(void **state)
{
    (void)state;
    struct api_response response = ask("GET", "/peal.js");
    assert_header(&response, "ETag: \"");
    assert_header(&response, "Cache-Control: no-cache\r\n");
    assert_response(response, 200, "text/javascript; charset=utf-8",
                    "export {}");
    assert_response(ask("GET", "/"), 200, "text/html; charset=utf-8",
                    "<p>chat");
}

/* The ETag header's value with its quotes. */
static void read_tag(const char *path, char tag[64])
{
    struct api_response response = ask("GET", path);
    const char *at = strstr(buffer_text(&response.headers), "ETag: ");
    assert_non_null(at);
    size_t len = strcspn(at + 6, "\r");
    assert_true(len < 64);
    memcpy(tag, at + 6, len);
    tag[len] = '\0';
    api_response_deinit(&response);
}

static struct api_response ask_if_none_match(const char *path, const char *tag)
{
    return serve((struct api_request){.method = BYTES_LITERAL("GET"),
                                      .path = bytes_of(path),
                                      .if_none_match = bytes_of(tag)});
}

static void a_matching_etag_is_not_modified(void **state)
{
    (void)state;
    char tag[64];
    read_tag("/peal.js", tag);
    struct api_response response = ask_if_none_match("/peal.js", tag);
    assert_header(&response, tag);
    assert_response(response, 304, NULL, "");
    assert_response(ask_if_none_match("/", tag), 200,
                    "text/html; charset=utf-8", "<p>chat");
    assert_response(ask_if_none_match("/health", tag), 200, JSON,
                    "{\"status\":\"healthy\"}");
}

/* RFC 9110 section 13.1.2: a list, weak comparison, and the star. */
static void any_etag_of_a_list_matches(void **state)
{
    (void)state;
    char tag[64];
    char list[256];
    static const char *const forms[] = {"W/%s", "\"other\", %s",
                                        "W/\"other\",%s", "%s, \"other\""};
    read_tag("/peal.js", tag);
    for (size_t i = 0; i < COUNT(forms); i++) {
        struct buffer text = {0};
        const char *gap = strstr(forms[i], "%s");
        buffer_append(&text,
                      (struct bytes){forms[i], (size_t)(gap - forms[i])});
        buffer_append_text(&text, tag);
        buffer_append_text(&text, gap + 2);
        strcpy(list, buffer_text(&text));
        buffer_deinit(&text);
        assert_response(ask_if_none_match("/peal.js", list), 304, NULL, "");
    }
    assert_response(ask_if_none_match("/peal.js", "*"), 304, NULL, "");
    assert_response(ask_if_none_match("/peal.js", "\"other\", W/\"x\""), 200,
                    "text/javascript; charset=utf-8", "export {}");
}

static struct api_response ask_from(const char *method, const char *path,
                                    const char *origin)
{
    return serve((struct api_request){.method = bytes_of(method),
                                      .path = bytes_of(path),
                                      .origin = bytes_of(origin)});
}

static void an_allowed_origin_may_read(void **state)
{
    (void)state;
    static const char *const paths[] = {"/health", "/peal.js", "/nope"};
    for (size_t i = 0; i < COUNT(paths); i++) {
        struct api_response response =
            ask_from("GET", paths[i], "https://good.example");
        assert_header(&response, "Access-Control-Allow-Origin: "
                                 "https://good.example\r\n");
        assert_header(&response, "Vary: Origin\r\n");
        api_response_deinit(&response);
    }
}

static void another_origin_may_not_read(void **state)
{
    (void)state;
    struct api_response response =
        ask_from("GET", "/health", "https://evil.example");
    assert_int_equal(response.status, 200);
    assert_no_header(&response, "Access-Control");
    assert_header(&response, "Vary: Origin\r\n");
    api_response_deinit(&response);
}

/* Otherwise a cache could return a response meant for another origin. */
static void every_response_varies_by_origin(void **state)
{
    (void)state;
    struct api_response response = ask("GET", "/peal.js");
    assert_header(&response, "Vary: Origin\r\n");
    assert_no_header(&response, "Access-Control");
    api_response_deinit(&response);
}

static void a_preflight_response_has_no_body(void **state)
{
    (void)state;
    struct api_response response =
        ask_from("OPTIONS", "/health", "https://good.example");
    assert_header(&response,
                  "Access-Control-Allow-Methods: GET, HEAD, OPTIONS\r\n");
    assert_header(&response, "Access-Control-Allow-Headers: Authorization, "
                             "Content-Type\r\n");
    assert_header(&response, "Access-Control-Allow-Origin: "
                             "https://good.example\r\n");
    assert_response(response, 204, NULL, "");

    response = ask_from("OPTIONS", "/health", "https://evil.example");
    assert_no_header(&response, "Access-Control");
    assert_response(response, 204, NULL, "");
}

static void an_api_may_work_without_files(void **state)
{
    (void)state;
    struct error error;
    struct api *bare = api_new(&sources, &options, NULL, &error);
    struct api_response response = {0};
    const struct api_request request = {.method = BYTES_LITERAL("GET"),
                                        .path = BYTES_LITERAL("/")};
    assert_null(api_serve(bare, NULL, &request, &response));
    assert_response(response, 404, JSON, "{\"error\":\"Not found\"}");
    api_free(bare);
    api_free(NULL);
}

static void a_missing_root_prevents_the_start(void **state)
{
    (void)state;
    struct error error;
    assert_null(api_new(&sources, &options, "/no/such/folder", &error));
    assert_non_null(strstr(error.text, "/no/such/folder"));
}

static void statuses_have_texts(void **state)
{
    (void)state;
    assert_string_equal(api_status_text(200), "OK");
    assert_string_equal(api_status_text(404), "Not Found");
    assert_string_equal(api_status_text(503), "Service Unavailable");
    assert_true(api_status_text(599)[0]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(health_reports_healthy),
        TEST(ready_reports_the_reason),
        TEST(metrics_are_text_for_prometheus),
        TEST(head_works_like_get),
        TEST(unknown_paths_are_not_found),
        TEST(other_methods_are_not_allowed),
        TEST(files_have_a_type_and_an_etag),
        TEST(a_matching_etag_is_not_modified),
        TEST(any_etag_of_a_list_matches),
        TEST(an_allowed_origin_may_read),
        TEST(another_origin_may_not_read),
        TEST(every_response_varies_by_origin),
        TEST(a_preflight_response_has_no_body),
        TEST(an_api_may_work_without_files),
        TEST(a_missing_root_prevents_the_start),
        TEST(statuses_have_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
