#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../server/base/histogram.h"

static struct histogram histogram;

static int set_up(void **state)
{
    (void)state;
    histogram_init(&histogram);
    return 0;
}

static void test_an_empty_histogram_returns_zero(void **state)
{
    (void)state;
    assert_int_equal(histogram_percentile(&histogram, 99), 0);
    assert_true(histogram_mean(&histogram) == 0);
}

static void test_small_values_are_exact(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= 100; i++)
        histogram_record(&histogram, i);
    assert_int_equal(histogram_percentile(&histogram, 50), 50);
    assert_int_equal(histogram_percentile(&histogram, 99), 99);
    assert_int_equal(histogram_percentile(&histogram, 100), 100);
    assert_true(histogram_mean(&histogram) == 50.5);
}

static void test_buckets_are_within_one_percent(void **state)
{
    (void)state;
    for (uint64_t value = 1; value < 1ull << 42; value += value / 7 + 1) {
        size_t bucket = histogram_bucket_of(value);
        uint64_t top = histogram_bucket_top(bucket);
        assert_true(top >= value);
        assert_true((double)(top - value) <= (double)value / 127);
    }
}

static void test_buckets_are_contiguous(void **state)
{
    (void)state;
    for (size_t i = 1; i < HISTOGRAM_BUCKETS; i++) {
        uint64_t first = histogram_bucket_top(i - 1) + 1;
        assert_int_equal(histogram_bucket_of(first), i);
        assert_int_equal(histogram_bucket_of(histogram_bucket_top(i)), i);
    }
}

static void test_excessive_values_count_as_the_largest(void **state)
{
    (void)state;
    assert_int_equal(histogram_bucket_of(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
    histogram_record(&histogram, 1ull << 50);
    assert_int_equal(histogram.max, 1ull << 50);
    assert_true(histogram_percentile(&histogram, 50) <= 1ull << 50);
}

static void test_percentile_never_exceeds_the_largest_seen(void **state)
{
    (void)state;
    histogram_record(&histogram, 1000001);
    assert_int_equal(histogram_percentile(&histogram, 99.99), 1000001);
}

static void test_percentiles_of_a_tail(void **state)
{
    (void)state;
    for (int i = 0; i < 9990; i++)
        histogram_record(&histogram, 10);
    for (int i = 0; i < 10; i++)
        histogram_record(&histogram, 100);
    assert_int_equal(histogram_percentile(&histogram, 99.9), 10);
    assert_int_equal(histogram_percentile(&histogram, 99.91), 100);
}

static void test_merging_equals_recording_in_one(void **state)
{
    static struct histogram other;
    (void)state;
    histogram_init(&other);
    histogram_record(&histogram, 5);
    histogram_record(&other, 1);
    histogram_record(&other, 9);
    histogram_merge(&histogram, &other);
    assert_int_equal(histogram.count, 3);
    assert_int_equal(histogram.min, 1);
    assert_int_equal(histogram.max, 9);
    assert_int_equal(histogram_percentile(&histogram, 50), 5);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_empty_histogram_returns_zero),
        TEST(test_small_values_are_exact),
        TEST(test_buckets_are_within_one_percent),
        TEST(test_buckets_are_contiguous),
        TEST(test_excessive_values_count_as_the_largest),
        TEST(test_percentile_never_exceeds_the_largest_seen),
        TEST(test_percentiles_of_a_tail),
        TEST(test_merging_equals_recording_in_one),
    };
    return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
