#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "bench_alarm.h"
#include "bench_link.h"

enum { LINKS = 500 };

static void test_wakes_in_order(void **state)
{
    static struct bench_link links[LINKS];
    struct bench_alarm alarm;
    struct bench_link *link;
    uint64_t last = 0;
    int count = 0;
    (void)state;

    assert_true(bench_alarm_init(&alarm, LINKS));
    assert_true(bench_alarm_next(&alarm) == UINT64_MAX);
    for (int i = 0; i < LINKS; i++)
        bench_alarm_set(&alarm, &links[i], (uint64_t)(i * 7919 % 1000));
    while ((link = bench_alarm_take(&alarm, UINT64_MAX - 1))) {
        assert_true(link->wake_at >= last);
        last = link->wake_at;
        count++;
    }
    assert_int_equal(count, LINKS);
    bench_alarm_deinit(&alarm);
}

static void test_no_link_wakes_early(void **state)
{
    static struct bench_link link;
    struct bench_alarm alarm;
    (void)state;

    assert_true(bench_alarm_init(&alarm, 1));
    bench_alarm_set(&alarm, &link, 100);
    assert_null(bench_alarm_take(&alarm, 99));
    assert_ptr_equal(bench_alarm_take(&alarm, 100), &link);
    assert_null(bench_alarm_take(&alarm, 100));
    bench_alarm_deinit(&alarm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wakes_in_order),
        cmocka_unit_test(test_no_link_wakes_early),
    };
    return cmocka_run_group_tests_name("bench_alarm", tests, NULL, NULL);
}
