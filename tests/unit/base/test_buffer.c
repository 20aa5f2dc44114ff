#include "unit.h"

#include "base/buffer.h"

static void an_empty_buffer_is_an_empty_text(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    assert_bytes(buffer_bytes(&buffer), "");
    assert_string_equal(buffer_text(&buffer), "");
    buffer_deinit(&buffer);
}

static void appended_pieces_keep_their_order(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    buffer_append(&buffer, BYTES_LITERAL("one"));
    buffer_append(&buffer, (struct bytes){0});
    buffer_append_char(&buffer, ',');
    buffer_append_text(&buffer, "two");
    buffer_append_format(&buffer, ",%d:%s", 3, "three");
    assert_string_equal(buffer_text(&buffer), "one,two,3:three");
    assert_int_equal(buffer.len, strlen("one,two,3:three"));
    buffer_deinit(&buffer);
}

static void it_grows_past_any_capacity(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    for (int i = 0; i < 100000; i++)
        buffer_append_char(&buffer, (char)('a' + i % 26));
    assert_int_equal(buffer.len, 100000);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(buffer.data[i], 'a' + i % 26);
    buffer_deinit(&buffer);
}

static void clearing_keeps_the_memory(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    buffer_append_text(&buffer, "something");
    size_t capacity = buffer.capacity;
    buffer_clear(&buffer);
    assert_int_equal(buffer.len, 0);
    assert_int_equal(buffer.capacity, capacity);
    assert_string_equal(buffer_text(&buffer), "");
    buffer_deinit(&buffer);
}

static void numbers_are_decimal_without_padding(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    buffer_append_uint(&buffer, 0);
    buffer_append_char(&buffer, ' ');
    buffer_append_uint(&buffer, 10);
    buffer_append_char(&buffer, ' ');
    buffer_append_uint(&buffer, UINT64_MAX);
    assert_string_equal(buffer_text(&buffer), "0 10 18446744073709551615");
    buffer_deinit(&buffer);
}

static void a_long_format_fits(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    buffer_append_format(&buffer, "%0*d", 1000, 7);
    assert_int_equal(buffer.len, 1000);
    assert_int_equal(buffer.data[0], '0');
    assert_int_equal(buffer.data[999], '7');
    buffer_deinit(&buffer);
}

static void assert_json_string(struct bytes text, const char *expected)
{
    struct buffer buffer = {0};
    buffer_append_json_string(&buffer, text);
    assert_string_equal(buffer_text(&buffer), expected);
    buffer_deinit(&buffer);
}

static void json_strings_are_escaped(void **state)
{
    (void)state;
    assert_json_string((struct bytes){0}, "\"\"");
    assert_json_string(BYTES_LITERAL("plain"), "\"plain\"");
    assert_json_string(BYTES_LITERAL("\""), "\"\\\"\"");
    assert_json_string(BYTES_LITERAL("a\"b\\c"), "\"a\\\"b\\\\c\"");
    assert_json_string(BYTES_LITERAL("\n\r\t"), "\"\\n\\r\\t\"");
    assert_json_string(BYTES_LITERAL("\x01 \x1f\x7f"),
                       "\"\\u0001 \\u001f\x7f\"");
    assert_json_string(BYTES_LITERAL("a\0b"), "\"a\\u0000b\"");
    assert_json_string(BYTES_LITERAL("gr\xc3\xbc\xc3\x9f"),
                       "\"gr\xc3\xbc\xc3\x9f\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_buffer_is_an_empty_text),
        cmocka_unit_test(appended_pieces_keep_their_order),
        cmocka_unit_test(it_grows_past_any_capacity),
        cmocka_unit_test(clearing_keeps_the_memory),
        cmocka_unit_test(numbers_are_decimal_without_padding),
        cmocka_unit_test(a_long_format_fits),
        cmocka_unit_test(json_strings_are_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
