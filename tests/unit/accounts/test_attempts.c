#include "unit.h"

#include "accounts/attempts.h"

enum { START_MS = 1000000, MINUTE_MS = 60000 };

static unsigned count_taken(struct attempts *attempts, const char *who,
                            uint64_t now_ms)
{
    unsigned taken = 0;
    while (taken < 100 && attempts_take(attempts, bytes_of(who), now_ms))
        taken++;
    return taken;
}

static void attempts_per_minute_are_limited(void **state)
{
    (void)state;
    struct attempts *attempts = attempts_new(6);
    assert_int_equal(count_taken(attempts, "ann", START_MS), 6);
    assert_int_equal(count_taken(attempts, "ben", START_MS), 6);
    assert_int_equal(count_taken(attempts, "ann", START_MS + 9999), 0);
    assert_int_equal(count_taken(attempts, "ann", START_MS + 10000), 1);
    assert_int_equal(count_taken(attempts, "ann", START_MS + 3 * MINUTE_MS), 6);
    attempts_free(attempts);
}

static void attempts_that_were_no_guesses_are_given_back(void **state)
{
    (void)state;
    struct attempts *attempts = attempts_new(2);
    for (int i = 0; i < 10; i++) {
        assert_true(attempts_take(attempts, bytes_of("ann"), START_MS));
        attempts_give_back(attempts, bytes_of("ann"));
    }
    assert_int_equal(count_taken(attempts, "ann", START_MS), 2);
    attempts_free(attempts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attempts_per_minute_are_limited),
        cmocka_unit_test(attempts_that_were_no_guesses_are_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
