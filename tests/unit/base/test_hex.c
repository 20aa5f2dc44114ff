#include "unit.h"

#include "base/hex.h"

static void written_text_can_be_read(void **state)
{
    (void)state;
    unsigned char all[256];
    unsigned char read[256];
    char text[2 * sizeof all + 1];
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (unsigned char)i;
    hex_encode(all, sizeof all, text);
    assert_int_equal(strlen(text), 2 * sizeof all);
    assert_true(hex_decode(bytes_of(text), read, sizeof read));
    assert_memory_equal(read, all, sizeof all);
    hex_encode("\x00\xab\xf9", 3, text);
    assert_string_equal(text, "00abf9");
}

static void anything_else_is_refused(void **state)
{
    (void)state;
    static const char *const strange[] = {"",     "abc",   "abcde", "ABCD",
                                          "abcg", "0xab",  " bcd",  "+bcd",
                                          "-bcd", "abc\n", "abcdef"};
    unsigned char read[2];
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++)
        assert_false(hex_decode(bytes_of(strange[i]), read, sizeof read));
    assert_false(hex_decode((struct bytes){"ab\0d", 4}, read, sizeof read));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_text_can_be_read),
        cmocka_unit_test(anything_else_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
