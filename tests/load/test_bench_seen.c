#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench_seen.h"

static struct bench_seen seen;
static struct bench_tally tally;

static int set_up(void **state)
{
    (void)state;
    bench_seen_from_start(&seen);
    tally = (struct bench_tally){0};
    return 0;
}

static bool take(uint32_t sequence)
{
    return bench_seen_take(&seen, sequence, &tally);
}

static void assert_tally(int lost, int doubled, int reordered)
{
    assert_int_equal(tally.lost, lost);
    assert_int_equal(tally.doubled, doubled);
    assert_int_equal(tally.reordered, reordered);
}

static void test_texts_in_order_are_correct(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 1000; i++)
        assert_true(take(i));
    bench_seen_end(&seen, 1000, &tally);
    assert_tally(0, 0, 0);
}

static void test_a_missing_first_text_is_lost(void **state)
{
    (void)state;
    take(1);
    assert_tally(1, 0, 0);
}

static void test_a_gap_is_lost(void **state)
{
    (void)state;
    take(0);
    take(4);
    assert_tally(3, 0, 0);
    assert_true(take(5));
    assert_tally(3, 0, 0);
}

static void test_a_late_text_is_out_of_order_not_lost(void **state)
{
    (void)state;
    take(0);
    take(2);
    assert_true(take(1));
    assert_tally(0, 0, 1);
    assert_true(take(3));
    assert_false(take(1));
    assert_tally(0, 1, 1);
}

static void test_a_repeated_text_is_a_duplicate(void **state)
{
    (void)state;
    take(0);
    assert_false(take(0));
    assert_true(take(1));
    assert_false(take(0));
    assert_tally(0, 2, 0);
}

static void test_a_wide_gap_can_still_be_filled(void **state)
{
    (void)state;
    take(0);
    take(50);
    for (uint32_t i = 49; i > 0; i--)
        assert_true(take(i));
    assert_tally(0, 0, 49);
}

static void test_a_gap_wider_than_the_window(void **state)
{
    (void)state;
    take(0);
    take(1000);
    assert_tally(999, 0, 0);
    assert_true(take(999));
    assert_tally(998, 0, 1);
    assert_false(take(3)); /* beyond the window: a duplicate */
    assert_tally(998, 1, 1);
    assert_true(take(1001));
}

static void test_two_gaps_are_tracked_separately(void **state)
{
    (void)state;
    take(1);
    take(3);
    assert_true(take(0));
    assert_true(take(2));
    assert_false(take(2));
    assert_tally(0, 1, 2);
}

static void test_missing_last_texts_are_overdue(void **state)
{
    (void)state;
    take(0);
    bench_seen_end(&seen, 3, &tally);
    assert_int_equal(tally.overdue, 2);
}

static void test_nothing_received(void **state)
{
    (void)state;
    bench_seen_end(&seen, 3, &tally);
    assert_int_equal(tally.overdue, 3);
}

static void test_a_receiver_that_joins_later(void **state)
{
    (void)state;
    bench_seen_from_now(&seen);
    bench_seen_end(&seen, 9, &tally);
    assert_true(take(100));
    assert_true(take(101));
    assert_true(take(103));
    assert_tally(1, 0, 0);
}

static void test_numbers_wrap_around(void **state)
{
    (void)state;
    bench_seen_from_now(&seen);
    assert_true(take(UINT32_MAX));
    assert_true(take(0));
    bench_seen_end(&seen, 1, &tally);
    assert_tally(0, 0, 0);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_texts_in_order_are_correct),
        TEST(test_a_missing_first_text_is_lost),
        TEST(test_a_gap_is_lost),
        TEST(test_a_late_text_is_out_of_order_not_lost),
        TEST(test_a_repeated_text_is_a_duplicate),
        TEST(test_a_wide_gap_can_still_be_filled),
        TEST(test_a_gap_wider_than_the_window),
        TEST(test_two_gaps_are_tracked_separately),
        TEST(test_missing_last_texts_are_overdue),
        TEST(test_nothing_received),
        TEST(test_a_receiver_that_joins_later),
        TEST(test_numbers_wrap_around),
    };
    return cmocka_run_group_tests_name("bench_seen", tests, NULL, NULL);
}
