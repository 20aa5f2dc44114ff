#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "bench_text.h"

static const struct bench_blanks blanks = {17, 3, "PAY", NULL};

static void test_each_letter(void **state)
{
    char out[64];
    (void)state;
    assert_true(bench_text_expand("/c-%d/r-%r/%s/%%d", &blanks, out, 64));
    assert_string_equal(out, "/c-17/r-3/PAY/%d");
}

static void test_other_percent_signs_are_kept(void **state)
{
    char out[64];
    (void)state;
    assert_true(bench_text_expand("/a%20b%", &blanks, out, 64));
    assert_string_equal(out, "/a%20b%");
}

static void test_without_a_payload_the_placeholder_is_kept(void **state)
{
    const struct bench_blanks none = {1, 2, NULL, NULL};
    char out[64];
    (void)state;
    assert_true(bench_text_expand("%s", &none, out, 64));
    assert_string_equal(out, "%s");
}

static void test_too_long_is_refused(void **state)
{
    char out[8];
    (void)state;
    assert_true(bench_text_expand("1234567", &blanks, out, 8));
    assert_false(bench_text_expand("12345678", &blanks, out, 8));
    assert_false(bench_text_expand("12345%s", &blanks, out, 8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_letter),
        cmocka_unit_test(test_other_percent_signs_are_kept),
        cmocka_unit_test(test_without_a_payload_the_placeholder_is_kept),
        cmocka_unit_test(test_too_long_is_refused),
    };
    return cmocka_run_group_tests_name("bench_text", tests, NULL, NULL);
}
