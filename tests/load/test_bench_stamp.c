#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "bench_stamp.h"

static const struct bench_stamp stamp = {
    .run = 0x13579bdf,
    .stream = 0x0a1b2c3d,
    .sequence = 0xfedcba98,
    .due = 0x0123456789abcdef,
};

static void assert_same(const struct bench_stamp *found)
{
    assert_int_equal(found->run, stamp.run);
    assert_int_equal(found->stream, stamp.stream);
    assert_int_equal(found->sequence, stamp.sequence);
    assert_true(found->due == stamp.due);
}

static size_t wrap(char *out, size_t room, const char *before,
                   const char *after)
{
    char text[BENCH_STAMP_LEN + 1] = {0};

    bench_stamp_write(&stamp, (unsigned char *)text);
    return (size_t)snprintf(out, room, "%s%s%s", before, text, after);
}

static void test_reads_what_it_wrote(void **state)
{
    unsigned char text[BENCH_STAMP_LEN];
    struct bench_stamp found;
    (void)state;
    bench_stamp_write(&stamp, text);
    assert_memory_equal(text, "~13579bdf0a1b2c3dfedcba980123456789abcdef",
                        BENCH_STAMP_LEN);
    assert_true(bench_stamp_read(text, sizeof text, &found));
    assert_same(&found);
}

static void test_found_within_a_wrapping(void **state)
{
    char text[256];
    struct bench_stamp found;
    size_t hint = 0;
    (void)state;
    size_t len =
        wrap(text, sizeof text, "{\"from\":\"a~b~\",\"payload\":\"", "xyz\"}");
    assert_true(bench_stamp_find((unsigned char *)text, len, &hint, &found));
    assert_same(&found);
    assert_int_equal(hint, 26);
}

static void test_a_wrong_hint_is_harmless(void **state)
{
    char text[256];
    struct bench_stamp found;
    (void)state;
    size_t len = wrap(text, sizeof text, "abc", "");
    for (size_t hint = 0, wrong = 0; wrong < 300; hint = ++wrong) {
        assert_true(
            bench_stamp_find((unsigned char *)text, len, &hint, &found));
        assert_int_equal(hint, 3);
    }
}

static void test_no_stamp(void **state)
{
    const char *texts[] = {"",
                           "~",
                           "hello",
                           "~0a1b2c3dfedcba98",
                           "~13579bdf0a1b2c3dfedcba980123456789abcde",
                           "~13579bdf0a1b2c3dfedcba9801234567 9abcdef"};
    struct bench_stamp found;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t hint = 0;
        assert_false(bench_stamp_find((const unsigned char *)texts[i],
                                      strlen(texts[i]), &hint, &found));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_what_it_wrote),
        cmocka_unit_test(test_found_within_a_wrapping),
        cmocka_unit_test(test_a_wrong_hint_is_harmless),
        cmocka_unit_test(test_no_stamp),
    };
    return cmocka_run_group_tests_name("bench_stamp", tests, NULL, NULL);
}
