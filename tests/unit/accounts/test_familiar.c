#include "unit.h"

#include "accounts/familiar.h"

enum { START_MS = 1000 };

static const uint64_t DAY_MS = 86400000;

static struct familiar *familiar;

static bool has(const char *pair, uint64_t now_ms)
{
    return familiar_has(familiar, bytes_of(pair), now_ms);
}

static int set_up(void **state)
{
    (void)state;
    familiar = familiar_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    familiar_free(familiar);
    return 0;
}

static void a_noted_pair_is_known(void **state)
{
    (void)state;
    assert_false(has("ann@here", START_MS));
    familiar_note(familiar, BYTES_LITERAL("ann@here"), START_MS);
    assert_true(has("ann@here", START_MS));
    assert_false(has("ann@there", START_MS));
    assert_false(has("ben@here", START_MS));
}

static void a_pair_is_forgotten_after_some_days(void **state)
{
    (void)state;
    familiar_note(familiar, BYTES_LITERAL("ann@here"), START_MS);
    assert_true(has("ann@here", START_MS + FAMILIAR_DAYS * DAY_MS - 1));
    assert_false(has("ann@here", START_MS + FAMILIAR_DAYS * DAY_MS));
    familiar_note(familiar, BYTES_LITERAL("ann@here"),
                  START_MS + FAMILIAR_DAYS * DAY_MS);
    assert_true(has("ann@here", START_MS + FAMILIAR_DAYS * DAY_MS + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_noted_pair_is_known, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_pair_is_forgotten_after_some_days,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
