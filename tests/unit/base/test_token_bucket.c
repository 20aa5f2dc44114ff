#include "unit.h"

#include "base/token_bucket.h"

static unsigned take_all(struct token_bucket *bucket, uint32_t rate,
                         uint64_t now_ms)
{
    unsigned taken = 0;
    while (taken < 1000000 && token_bucket_take(bucket, rate, now_ms))
        taken++;
    return taken;
}

static void a_new_bucket_holds_one_second(void **state)
{
    (void)state;
    struct token_bucket bucket = {0};
    assert_int_equal(take_all(&bucket, 10, 5000000), 10);
}

static void it_fills_at_its_rate(void **state)
{
    (void)state;
    struct token_bucket bucket = {0};
    take_all(&bucket, 10, 5000000);
    assert_int_equal(take_all(&bucket, 10, 5000099), 0);
    assert_int_equal(take_all(&bucket, 10, 5000100), 1);
    assert_int_equal(take_all(&bucket, 10, 5000550), 4);
    assert_int_equal(take_all(&bucket, 10, 5000600), 1);
}

static void it_never_holds_more_than_one_second(void **state)
{
    (void)state;
    struct token_bucket bucket = {0};
    take_all(&bucket, 10, 5000000);
    assert_int_equal(take_all(&bucket, 10, 9000000), 10);
    assert_true(token_bucket_take(&bucket, 10, 9000500));
    assert_int_equal(take_all(&bucket, 10, 9001499), 10);
}

/* Just after a start, and where the low 32 bits of the milliseconds wrap. */
static void it_works_at_any_time(void **state)
{
    (void)state;
    static const uint64_t times[] = {0, 1, 999, UINT64_C(1) << 32,
                                     (UINT64_C(1) << 32) - 1};
    for (size_t i = 0; i < COUNT(times); i++) {
        struct token_bucket bucket = {0};
        assert_int_equal(take_all(&bucket, 10, times[i]), 10);
        assert_int_equal(take_all(&bucket, 10, times[i]), 0);
        assert_int_equal(take_all(&bucket, 10, times[i] + 101), 1);
    }
}

/* Two threads read the clock, but arrive in the opposite order. */
static void an_earlier_clock_reading_adds_nothing(void **state)
{
    (void)state;
    static const uint64_t times[] = {5000, UINT64_C(1) << 32,
                                     (UINT64_C(1) << 33) + 7};
    for (size_t i = 0; i < COUNT(times); i++) {
        struct token_bucket bucket = {0};
        assert_int_equal(take_all(&bucket, 10, times[i]), 10);
        assert_int_equal(take_all(&bucket, 10, times[i] - 3), 0);
    }
}

static void small_steps_add_up(void **state)
{
    (void)state;
    struct token_bucket bucket = {0};
    take_all(&bucket, 3, 5000000);
    unsigned taken = 0;
    for (uint64_t ms = 1; ms <= 10000; ms++)
        taken += token_bucket_take(&bucket, 3, 5000000 + ms);
    assert_int_equal(taken, 30);
}

static void a_rate_of_one_allows_one(void **state)
{
    (void)state;
    struct token_bucket bucket = {0};
    assert_true(token_bucket_take(&bucket, 1, 5000000));
    assert_false(token_bucket_take(&bucket, 1, 5000999));
    assert_true(token_bucket_take(&bucket, 1, 5001000));
}

static void a_rate_of_zero_is_no_limit(void **state)
{
    (void)state;
    struct token_bucket bucket = {0};
    assert_int_equal(take_all(&bucket, 0, 5000000), 1000000);
}

static void the_highest_rate_does_not_overflow(void **state)
{
    (void)state;
    struct token_bucket bucket = {0};
    assert_true(token_bucket_take(&bucket, UINT32_MAX, 5000000));
    assert_true(token_bucket_take(&bucket, UINT32_MAX, 5000999));
    assert_true(token_bucket_take(&bucket, UINT32_MAX, UINT64_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_bucket_holds_one_second),
        cmocka_unit_test(it_fills_at_its_rate),
        cmocka_unit_test(it_never_holds_more_than_one_second),
        cmocka_unit_test(it_works_at_any_time),
        cmocka_unit_test(an_earlier_clock_reading_adds_nothing),
        cmocka_unit_test(small_steps_add_up),
        cmocka_unit_test(a_rate_of_one_allows_one),
        cmocka_unit_test(a_rate_of_zero_is_no_limit),
        cmocka_unit_test(the_highest_rate_does_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
