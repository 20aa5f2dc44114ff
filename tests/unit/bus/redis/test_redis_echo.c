#include "bus/redis/redis_echo.h"

#include "unit.h"

enum { TIMEOUT_MS = 1000 };

static bool is_late(struct redis_echo *echo, uint64_t now_ms)
{
    return redis_echo_is_late(echo, TIMEOUT_MS, now_ms);
}

static void a_received_echo_is_not_late(void **state)
{
    (void)state;
    struct redis_echo echo = {.sent = 1};
    redis_echo_answered(&echo, true, 5000);
    assert_false(is_late(&echo, 5500));
    assert_true(redis_echo_take(&echo, BYTES_LITERAL("1"), 5600));
    assert_false(is_late(&echo, 9000));
    echo.sent = 2; /* it arrives before the answer to its command */
    assert_true(redis_echo_take(&echo, BYTES_LITERAL("2"), 9000));
    redis_echo_answered(&echo, true, 9001);
    assert_false(is_late(&echo, 20000));
}

static void an_unacknowledged_echo_is_not_awaited(void **state)
{
    (void)state;
    struct redis_echo echo = {.sent = 3};
    assert_false(is_late(&echo, 90000));
    redis_echo_answered(&echo, false, 90000); /* an error */
    assert_false(is_late(&echo, 99000));
    redis_echo_answered(&echo, true, 99000);
    redis_echo_cut(&echo);
    assert_false(is_late(&echo, 190000));
    echo.sent = 4;
    redis_echo_answered(&echo, true, 200000);
    assert_false(is_late(&echo, 200900));
    assert_true(is_late(&echo, 201001));
}

static void old_and_foreign_echoes_are_ignored(void **state)
{
    (void)state;
    struct redis_echo echo = {.sent = 2};
    assert_true(redis_echo_take(&echo, BYTES_LITERAL("2"), 1));
    assert_false(redis_echo_take(&echo, BYTES_LITERAL("1"), 1));
    assert_false(redis_echo_take(&echo, BYTES_LITERAL("2"), 1));
    assert_false(redis_echo_take(&echo, BYTES_LITERAL("3"), 1));
    assert_false(redis_echo_take(&echo, BYTES_LITERAL("x"), 1));
    assert_int_equal(echo.heard, 2);
}

/* Checks every tenth of a second; returns the time of the time-out. */
static uint64_t late_after(struct redis_echo *echo, bool is_hearing)
{
    redis_echo_answered(echo, true, 1000);
    for (uint64_t now_ms = 1000; now_ms < 60000; now_ms += 100) {
        echo->pushes += is_hearing;
        if (is_late(echo, now_ms))
            return now_ms - 1000;
    }
    return 0;
}

static void a_slow_link_gets_limited_extra_time(void **state)
{
    (void)state;
    struct redis_echo quiet = {.sent = 1};
    struct redis_echo busy = {.sent = 1};
    assert_in_range(late_after(&quiet, false), 1000, 1200);
    assert_in_range(late_after(&busy, true), 10000, 11500);
}

static void a_busy_thread_does_not_count_as_a_deaf_link(void **state)
{
    (void)state;
    struct redis_echo echo = {.sent = 1};
    redis_echo_excuse(&echo, 5000); /* no echo is pending */
    redis_echo_answered(&echo, true, 10000);
    redis_echo_excuse(&echo, 5000);
    assert_false(is_late(&echo, 15100));
    assert_false(is_late(&echo, 15900));
    assert_true(is_late(&echo, 16100));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_received_echo_is_not_late),
        cmocka_unit_test(an_unacknowledged_echo_is_not_awaited),
        cmocka_unit_test(old_and_foreign_echoes_are_ignored),
        cmocka_unit_test(a_busy_thread_does_not_count_as_a_deaf_link),
        cmocka_unit_test(a_slow_link_gets_limited_extra_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
