#include "unit.h"

#include "base/utf8.h"

/* Checks the whole text, split at `cut`. */
static bool is_good(struct bytes text, size_t cut)
{
    struct utf8 state = {0};
    return utf8_check(&state, (struct bytes){text.data, cut}) &&
           utf8_check(&state, bytes_skip(text, cut)) && utf8_is_whole(&state);
}

static void assert_judged(struct bytes text, bool expected)
{
    for (size_t cut = 0; cut <= text.len; cut++)
        assert_int_equal(is_good(text, cut), expected);
}

static void characters_of_every_length_are_valid(void **state)
{
    (void)state;
    assert_judged(BYTES_LITERAL(""), true);
    assert_judged(BYTES_LITERAL("plain text, longer than eight bytes"), true);
    assert_judged(BYTES_LITERAL("\0\x7f"), true);
    assert_judged(BYTES_LITERAL("12345678\xc3\xa4 23456789\xe2\x82\xac"), true);
    assert_judged(BYTES_LITERAL("\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf"), true);
    assert_judged(BYTES_LITERAL("\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"), true);
}

static void texts_forbidden_by_rfc_3629_are_invalid_at_any_cut(void **state)
{
    (void)state;
    const char *bad[] = {"\x80",
                         "\xc0\xaf",
                         "\xc1\xbf",
                         "\xe0\x9f\xbf",
                         "\xf0\x8f\xbf\xbf",
                         "\xed\xa0\x80",
                         "\xed\xbf\xbf",
                         "\xf4\x90\x80\x80",
                         "\xf5\x80\x80\x80",
                         "\xff",
                         "\xfe",
                         "\xc3(",
                         "\xe2\x82(",
                         "\xf0\x9f\x98(",
                         "\xe2(\xa1"};
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_judged(bytes_of(bad[i]), false);
}

static void a_truncated_character_is_incomplete(void **state)
{
    (void)state;
    assert_judged(BYTES_LITERAL("a\xc3"), false);
    assert_judged(BYTES_LITERAL("a\xe2\x82"), false);
    assert_judged(BYTES_LITERAL("a\xf0\x9f\x98"), false);
}

/* Every code point, and every pair of bytes compared with a simple table. */
static void all_code_points_are_checked_correctly(void **state)
{
    (void)state;
    for (uint32_t code = 0x800; code < 0x10000; code++) {
        const char text[] = {(char)(0xe0 | code >> 12),
                             (char)(0x80 | (code >> 6 & 0x3f)),
                             (char)(0x80 | (code & 0x3f))};
        bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
        assert_int_equal(is_good((struct bytes){text, 3}, 1), !is_surrogate);
    }
    for (uint32_t code = 0x10000; code < 0x140000; code += 0x3f) {
        const char text[] = {
            (char)(0xf0 | code >> 18), (char)(0x80 | (code >> 12 & 0x3f)),
            (char)(0x80 | (code >> 6 & 0x3f)), (char)(0x80 | (code & 0x3f))};
        assert_int_equal(is_good((struct bytes){text, 4}, 2), code < 0x110000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_of_every_length_are_valid),
        cmocka_unit_test(texts_forbidden_by_rfc_3629_are_invalid_at_any_cut),
        cmocka_unit_test(a_truncated_character_is_incomplete),
        cmocka_unit_test(all_code_points_are_checked_correctly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
