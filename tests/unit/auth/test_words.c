#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/words.h"

static void assert_words(struct bytes text, const char *const *expected)
{
    struct bytes word;
    while (words_next(&text, ", \t", &word)) {
        assert_non_null(*expected);
        assert_true(bytes_equal(word, bytes_of(*expected++)));
    }
    assert_null(*expected);
}

static void words_are_split_at_any_separator(void **state)
{
    (void)state;
    assert_words(BYTES_LITERAL("a,b c"), (const char *[]){"a", "b", "c", NULL});
    assert_words(BYTES_LITERAL(" ,, one\t, two ,"),
                 (const char *[]){"one", "two", NULL});
    assert_words(BYTES_LITERAL("alone"), (const char *[]){"alone", NULL});
}

static void an_empty_list_has_no_words(void **state)
{
    (void)state;
    const char *none[] = {NULL};
    assert_words((struct bytes){0}, none);
    assert_words(BYTES_LITERAL(""), none);
    assert_words(BYTES_LITERAL(" , \t,"), none);
}

static void a_zero_byte_is_part_of_a_word(void **state)
{
    (void)state;
    struct bytes text = BYTES_LITERAL("a\0b,c");
    struct bytes word;
    assert_true(words_next(&text, ",", &word));
    assert_int_equal(word.len, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_split_at_any_separator),
        cmocka_unit_test(an_empty_list_has_no_words),
        cmocka_unit_test(a_zero_byte_is_part_of_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
