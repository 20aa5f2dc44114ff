#include "unit.h"

#include <stdlib.h>

#include "messaging/distribution.h"

static char *write(const struct distribution *distribution,
                   enum distribution_unit unit)
{
    struct buffer out = {0};
    distribution_write(distribution, "x", unit, &out);
    buffer_text(&out);
    return out.data;
}

static void assert_has(const struct distribution *distribution,
                       enum distribution_unit unit, const char *line)
{
    char *text = write(distribution, unit);
    if (!strstr(text, line))
        fail_msg("no %s in:\n%s", line, text);
    free(text);
}

static void a_value_counts_in_its_bucket_and_all_above(void **state)
{
    (void)state;
    struct distribution d = {0};
    distribution_add(&d, UNIT_SECONDS, 1000000); /* bounds are inclusive */
    assert_has(&d, UNIT_SECONDS, "x_bucket{le=\"0.0005\"} 0\n");
    assert_has(&d, UNIT_SECONDS, "x_bucket{le=\"0.001\"} 1\n");
    assert_has(&d, UNIT_SECONDS, "x_bucket{le=\"0.0025\"} 1\n");
    assert_has(&d, UNIT_SECONDS, "x_bucket{le=\"+Inf\"} 1\n");
    distribution_add(&d, UNIT_SECONDS, 1000001);
    assert_has(&d, UNIT_SECONDS, "x_bucket{le=\"0.001\"} 1\n");
    assert_has(&d, UNIT_SECONDS, "x_bucket{le=\"0.0025\"} 2\n");
    assert_has(&d, UNIT_SECONDS, "x_count 2\n");
    assert_has(&d, UNIT_SECONDS, "x_sum 0.002000001\n");
}

static void values_beyond_the_buckets_are_counted_too(void **state)
{
    (void)state;
    struct distribution d = {0};
    distribution_add(&d, UNIT_SECONDS, UINT64_C(11000000000));
    assert_has(&d, UNIT_SECONDS, "x_bucket{le=\"10\"} 0\n");
    assert_has(&d, UNIT_SECONDS, "x_bucket{le=\"+Inf\"} 1\n");
    assert_has(&d, UNIT_SECONDS, "x_sum 11\n");
}

static void bytes_are_shown_unscaled(void **state)
{
    (void)state;
    struct distribution d = {0};
    distribution_add(&d, UNIT_BYTES, 1025);
    assert_has(&d, UNIT_BYTES, "x_bucket{le=\"1024\"} 0\n");
    assert_has(&d, UNIT_BYTES, "x_bucket{le=\"4096\"} 1\n");
    assert_has(&d, UNIT_BYTES, "x_sum 1025\n");
}

static void distributions_are_added_up(void **state)
{
    (void)state;
    struct distribution a = {0};
    struct distribution b = {0};
    distribution_add(&a, UNIT_SECONDS, 1);
    distribution_add(&b, UNIT_SECONDS, 2);
    distribution_add(&b, UNIT_SECONDS, UINT64_MAX / 2);
    distribution_merge(&a, &b);
    assert_has(&a, UNIT_SECONDS, "x_bucket{le=\"0.000025\"} 2\n");
    assert_has(&a, UNIT_SECONDS, "x_count 3\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_counts_in_its_bucket_and_all_above),
        cmocka_unit_test(values_beyond_the_buckets_are_counted_too),
        cmocka_unit_test(bytes_are_shown_unscaled),
        cmocka_unit_test(distributions_are_added_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
