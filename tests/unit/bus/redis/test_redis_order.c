#include "bus/redis/redis_order.h"

#include "unit.h"

static uint64_t begin(struct redis_bus *bus, uint64_t number)
{
    uint64_t before;
    redis_order_begin(bus, "room", number, &before);
    return before;
}

static void a_publish_waits_for_the_one_before_it(void **state)
{
    (void)state;
    struct redis_bus bus = {0};
    assert_int_equal(begin(&bus, 1), 0);
    assert_int_equal(begin(&bus, 2), 1);
    assert_int_equal(begin(&bus, 5), 2);
    redis_orders_free(&bus);
}

/* Each would wait for the other. */
static void a_repeated_publish_does_not_wait_for_later_ones(void **state)
{
    (void)state;
    struct redis_bus bus = {0};
    begin(&bus, 1);
    begin(&bus, 2);
    assert_int_equal(begin(&bus, 1), 0);
    assert_int_equal(begin(&bus, 3), 2);
    redis_orders_free(&bus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_publish_waits_for_the_one_before_it),
        cmocka_unit_test(a_repeated_publish_does_not_wait_for_later_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
