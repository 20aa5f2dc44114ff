#include "unit.h"

#include "base/backoff.h"

static void waits_double_up_to_the_maximum(void **state)
{
    (void)state;
    struct backoff backoff = {.base_ms = 100, .max_ms = 1500};
    static const uint32_t longest[] = {100, 200, 400, 800, 1500, 1500, 1500};
    for (size_t i = 0; i < COUNT(longest); i++) {
        uint32_t wait = backoff_next_ms(&backoff);
        assert_in_range(wait, longest[i] / 2, longest[i]);
    }
}

static void many_attempts_do_not_overflow(void **state)
{
    (void)state;
    struct backoff backoff = {.base_ms = UINT32_MAX, .max_ms = UINT32_MAX};
    for (int i = 0; i < 1000; i++)
        assert_true(backoff_next_ms(&backoff) >= UINT32_MAX / 2);
}

static void waits_are_randomized(void **state)
{
    (void)state;
    uint32_t first = 0;
    unsigned different = 0;
    for (int i = 0; i < 20; i++) {
        struct backoff backoff = {.base_ms = 100000, .max_ms = 100000};
        uint32_t wait = backoff_next_ms(&backoff);
        different += wait != first;
        first = wait;
    }
    assert_true(different > 15);
}

static void success_resets_the_back_off(void **state)
{
    (void)state;
    struct backoff backoff = {.base_ms = 100, .max_ms = 10000};
    for (int i = 0; i < 10; i++)
        backoff_next_ms(&backoff);
    backoff_reset(&backoff);
    assert_in_range(backoff_next_ms(&backoff), 50, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_double_up_to_the_maximum),
        cmocka_unit_test(many_attempts_do_not_overflow),
        cmocka_unit_test(waits_are_randomized),
        cmocka_unit_test(success_resets_the_back_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
