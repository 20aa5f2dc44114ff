#include "unit.h"

#include "base/memory.h"

static void small_tables_double(void **state)
{
    (void)state;
    assert_int_equal(memory_grown(1), 2);
    assert_int_equal(memory_grown(64), 128);
    assert_int_equal(memory_grown(4095), 8190);
}

static void large_tables_grow_by_a_quarter(void **state)
{
    (void)state;
    assert_int_equal(memory_grown(4096), 5120);
    assert_int_equal(memory_grown(100000), 125000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_tables_double),
        cmocka_unit_test(large_tables_grow_by_a_quarter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
