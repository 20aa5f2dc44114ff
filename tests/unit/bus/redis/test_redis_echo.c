#include "bus/redis/redis_echo.h"

#include "unit.h"

enum { TIMEOUT_MS = 1000 };

static bool is_late(struct redis_echo *echo, uint64_t now_ms)
{
    return redis_echo_is_late(echo, TIMEOUT_MS, now_ms);
}

static void what_comes_back_is_not_late(void **state)
{
    (void)state;
    struct redis_echo echo = {.sent = 1};
    redis_echo_answered(&echo, true, 5000);
    assert_false(is_late(&echo, 5500));
    assert_true(redis_echo_take(&echo, BYTES_LITERAL("1"), 5600));
    assert_false(is_late(&echo, 9000));
    echo.sent = 2; /* it overtakes the answer to its command */
    assert_true(redis_echo_take(&echo, BYTES_LITERAL("2"), 9000));
    redis_echo_answered(&echo, true, 9001);
    assert_false(is_late(&echo, 20000));
}

static void what_is_not_acknowledged_is_not_waited_for(void **state)
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

static void nothing_old_and_nothing_from_elsewhere_counts(void **state)
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

/* Asks each tenth of a second; returns when it was found late. */
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

static void a_slow_link_is_given_time_but_not_for_ever(void **state)
{
    (void)state;
    struct redis_echo quiet = {.sent = 1};
    struct redis_echo busy = {.sent = 1};
    assert_in_range(late_after(&quiet, false), 1000, 1200);
    assert_in_range(late_after(&busy, true), 10000, 11500);
}

static void a_busy_thread_is_no_proof_of_deafness(void **state)
{
    (void)state;
    struct redis_echo echo = {.sent = 1};
    redis_echo_excuse(&echo, 5000); /* nothing is waited for */
    redis_echo_answered(&echo, true, 10000);
    redis_echo_excuse(&echo, 5000);
    assert_false(is_late(&echo, 15100));
    assert_false(is_late(&echo, 15900));
    assert_true(is_late(&echo, 16100));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_back_is_not_late),
        cmocka_unit_test(what_is_not_acknowledged_is_not_waited_for),
        cmocka_unit_test(nothing_old_and_nothing_from_elsewhere_counts),
        cmocka_unit_test(a_busy_thread_is_no_proof_of_deafness),
        cmocka_unit_test(a_slow_link_is_given_time_but_not_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
