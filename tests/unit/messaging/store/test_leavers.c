#include "messaging/store/leavers.h"

#include "unit.h"

static struct leavers leavers;

static int tear_down(void **state)
{
    (void)state;
    leavers_clear(&leavers);
    return 0;
}

static void leavers_are_due_in_order(void **state)
{
    (void)state;
    assert_null(leavers_due(&leavers, UINT64_MAX));
    leavers_add(&leavers, "alice", 1000);
    leavers_add(&leavers, "bob", 1000);
    leavers_add(&leavers, "carol", 2000);
    assert_null(leavers_due(&leavers, 999));
    assert_string_equal(leavers_due(&leavers, 1000), "alice");
    assert_true(leavers_remove(&leavers, "alice"));
    assert_string_equal(leavers_due(&leavers, 1000), "bob");
    assert_true(leavers_remove(&leavers, "bob"));
    assert_null(leavers_due(&leavers, 1999));
}

static void a_returned_client_is_not_due(void **state)
{
    (void)state;
    leavers_add(&leavers, "alice", 1000);
    leavers_add(&leavers, "bob", 2000);
    assert_true(leavers_remove(&leavers, "alice"));
    assert_false(leavers_remove(&leavers, "alice"));
    assert_null(leavers_due(&leavers, 1000));
    leavers_add(&leavers, "alice", 3000);
    assert_string_equal(leavers_due(&leavers, 5000), "bob");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(leavers_are_due_in_order),
        TEST(a_returned_client_is_not_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
