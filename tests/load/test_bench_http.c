#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "bench_http.h"
#include "bench_options.h"
#include "bench_target.h"

static const char answer[] = "HTTP/1.1 200 OK\r\nX: y\r\n"
                             "content-length: 5\r\n\r\nhello";
static int status;

static size_t take(const char *text, size_t len)
{
    status = 0;
    return bench_http_take((const unsigned char *)text, len, &status);
}

static void test_every_cut_is_partial(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < sizeof answer - 1; cut++)
        assert_int_equal(take(answer, cut), 0);
    assert_int_equal(take(answer, sizeof answer - 1), sizeof answer - 1);
    assert_int_equal(status, 200);
}

static void test_only_the_first_response_is_taken(void **state)
{
    char two[2 * sizeof answer];
    (void)state;
    strcpy(two, answer);
    strcat(two, answer);
    assert_int_equal(take(two, strlen(two)), sizeof answer - 1);
}

static void test_some_statuses_have_no_body(void **state)
{
    static const char text[] = "HTTP/1.1 204 No Content\r\nA: b\r\n\r\nrest";
    (void)state;
    assert_int_equal(take(text, sizeof text - 1), sizeof text - 1 - 4);
    assert_int_equal(status, 204);
}

static void test_an_unsupported_response_is_bad(void **state)
{
    static const char *const texts[] = {
        "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "SSH-2.0-x\r\n\r\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_true(take(texts[i], strlen(texts[i])) == BENCH_HTTP_BAD);
}

static void test_a_request(void **state)
{
    const struct bench_options options = {
        .method = "GET",
        .body = "",
        .headers = {{"X-Number: %d"}, 1},
    };
    const struct bench_target target = {
        .host = "127.0.0.1",
        .port = "80",
        .path = "/health",
    };
    static const char wanted[] = "GET /health HTTP/1.1\r\n"
                                 "Host: 127.0.0.1:80\r\n"
                                 "X-Number: 7\r\n\r\n";
    size_t len = 0;
    (void)state;
    unsigned char *text = bench_http_request(&options, &target, 7, &len);
    assert_int_equal(len, sizeof wanted - 1);
    assert_memory_equal(text, wanted, len);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cut_is_partial),
        cmocka_unit_test(test_only_the_first_response_is_taken),
        cmocka_unit_test(test_some_statuses_have_no_body),
        cmocka_unit_test(test_an_unsupported_response_is_bad),
        cmocka_unit_test(test_a_request),
    };
    return cmocka_run_group_tests_name("bench_http", tests, NULL, NULL);
}
