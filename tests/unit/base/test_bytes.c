#include "unit.h"

static void no_text_is_an_empty_view(void **state)
{
    (void)state;
    assert_int_equal(bytes_of(NULL).len, 0);
    assert_int_equal(bytes_of("").len, 0);
    assert_int_equal(bytes_of("four").len, 4);
}

static void equality_compares_length_and_bytes(void **state)
{
    (void)state;
    struct bytes none = {0};
    assert_true(bytes_equal(none, BYTES_LITERAL("")));
    assert_true(bytes_equal(BYTES_LITERAL("a\0b"), BYTES_LITERAL("a\0b")));
    assert_false(bytes_equal(BYTES_LITERAL("a\0b"), BYTES_LITERAL("a\0c")));
    assert_false(bytes_equal(BYTES_LITERAL("a"), BYTES_LITERAL("ab")));
    assert_false(bytes_equal(none, BYTES_LITERAL("a")));
}

static void every_text_starts_with_the_empty_text(void **state)
{
    (void)state;
    struct bytes none = {0};
    struct bytes text = BYTES_LITERAL("text");
    assert_true(bytes_start_with(text, none));
    assert_true(bytes_start_with(none, none));
    assert_true(bytes_start_with(text, BYTES_LITERAL("te")));
    assert_true(bytes_start_with(text, text));
    assert_false(bytes_start_with(text, BYTES_LITERAL("text!")));
    assert_false(bytes_start_with(none, text));
}

static void skipping_stops_at_the_end(void **state)
{
    (void)state;
    assert_bytes(bytes_skip(BYTES_LITERAL("text"), 0), "text");
    assert_bytes(bytes_skip(BYTES_LITERAL("text"), 3), "t");
    assert_bytes(bytes_skip(BYTES_LITERAL("text"), 4), "");
    assert_bytes(bytes_skip(BYTES_LITERAL("text"), SIZE_MAX), "");
    assert_bytes(bytes_skip((struct bytes){0}, 1), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_text_is_an_empty_view),
        cmocka_unit_test(equality_compares_length_and_bytes),
        cmocka_unit_test(every_text_starts_with_the_empty_text),
        cmocka_unit_test(skipping_stops_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
