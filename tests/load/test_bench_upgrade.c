#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "bench_upgrade.h"

static struct bench_key key;
static size_t header_len;
static int status;

static int set_up(void **state)
{
    (void)state;
    bench_key_init(&key, 42);
    return 0;
}

static enum bench_answer judge(const char *text)
{
    return bench_upgrade_judge(text, strlen(text), &key, &header_len, &status);
}

static void test_every_cut_is_partial(void **state)
{
    char text[256];
    (void)state;
    int len = snprintf(text, sizeof text,
                       "HTTP/1.1 101 X\r\nsec-websocket-accept: %s\r\n\r\nrest",
                       key.accept);
    for (size_t cut = 0; cut < (size_t)len - 4; cut++)
        assert_int_equal(
            bench_upgrade_judge(text, cut, &key, &header_len, &status),
            BENCH_ANSWER_PARTIAL);
    assert_int_equal(judge(text), BENCH_ANSWER_OPEN);
    assert_string_equal(text + header_len, "rest");
}

static void test_refusal_gives_its_status(void **state)
{
    (void)state;
    assert_int_equal(judge("HTTP/1.1 401 No\r\nA: b\r\n\r\n{}"),
                     BENCH_ANSWER_REFUSED);
    assert_int_equal(status, 401);
}

static void test_wrong_key_is_refused(void **state)
{
    (void)state;
    assert_int_equal(
        judge("HTTP/1.1 101 X\r\nSec-WebSocket-Accept: abc\r\n\r\n"),
        BENCH_ANSWER_REFUSED);
    assert_int_equal(judge("HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n"),
                     BENCH_ANSWER_REFUSED);
}

static void test_endless_header_is_refused(void **state)
{
    static char text[BENCH_ANSWER_MAX + 1];
    (void)state;
    memset(text, 'x', BENCH_ANSWER_MAX);
    assert_int_equal(judge(text), BENCH_ANSWER_REFUSED);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_every_cut_is_partial),
        TEST(test_refusal_gives_its_status),
        TEST(test_wrong_key_is_refused),
        TEST(test_endless_header_is_refused),
    };
    return cmocka_run_group_tests_name("bench_upgrade", tests, NULL, NULL);
}
