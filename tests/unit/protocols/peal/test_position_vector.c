/* The text of an event's id. */
#include "unit.h"

#include "protocols/peal/position_vector.h"

static const struct bytes lobby = BYTES_LITERAL("lobby");

static void assert_text(const struct position_vector *vector,
                        const char *expected)
{
    struct buffer text = {0};
    position_vector_write(vector, &text);
    assert_string_equal(buffer_text(&text), expected);
    buffer_deinit(&text);
}

static void a_vector_is_written_and_read(void **state)
{
    (void)state;
    const char *text = "lobby*00000000000000ff.7~"
                       "a:b@c#$/,;-_=.*ffffffffffffffff."
                       "18446744073709551615";
    struct position_vector vector = {0};
    position_vector_read(&vector, bytes_of(text));
    assert_int_equal(vector.count, 2);
    const struct position *position = position_vector_find(&vector, lobby);
    assert_int_equal(position->epoch, 0xff);
    assert_int_equal(position->offset, 7);
    assert_text(&vector, text);
    position_vector_deinit(&vector);
}

static void a_position_is_replaced(void **state)
{
    (void)state;
    struct position_vector vector = {0};
    position_vector_set(&vector, lobby, (struct position){1, 2});
    position_vector_set(&vector, BYTES_LITERAL("b"), (struct position){1, 5});
    position_vector_set(&vector, lobby, (struct position){1, 3});
    assert_text(&vector, "lobby*0000000000000001.3~b*0000000000000001.5");
    position_vector_deinit(&vector);
}

static void a_channel_is_removed(void **state)
{
    (void)state;
    struct position_vector vector = {0};
    position_vector_read(&vector, BYTES_LITERAL("a*0000000000000001.1~"
                                                "b*0000000000000001.2~"
                                                "c*0000000000000001.3"));
    position_vector_remove(&vector, BYTES_LITERAL("a"));
    position_vector_remove(&vector, BYTES_LITERAL("x"));
    assert_null(position_vector_find(&vector, BYTES_LITERAL("a")));
    assert_int_equal(position_vector_find(&vector, BYTES_LITERAL("c"))->offset,
                     3);
    assert_int_equal(vector.count, 2);
    position_vector_deinit(&vector);
}

static void invalid_entries_are_skipped(void **state)
{
    (void)state;
    /* clang-format off */
    static const char *const texts[] = {
        "", "~", "*", "lobby", "lobby*", "lobby*1.2",
        "lobby*0000000000000001", "lobby*0000000000000001.",
        "lobby*0000000000000001.x", "lobby*0000000000000001.-1",
        "lobby*000000000000000g.1", "lo by*0000000000000001.1",
        "*0000000000000001.1", "lobby*0000000000000001.18446744073709551616",
        "!lobby*0000000000000001.1"};
    /* clang-format on */
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct position_vector vector = {0};
        position_vector_read(&vector, bytes_of(texts[i]));
        assert_int_equal(vector.count, 0);
        position_vector_deinit(&vector);
    }
}

static void the_remaining_entries_are_read(void **state)
{
    (void)state;
    struct position_vector vector = {0};
    position_vector_read(&vector, BYTES_LITERAL("x~lobby*0000000000000001.1~"
                                                "lobby*0000000000000001.2~y*"));
    assert_int_equal(position_vector_find(&vector, lobby)->offset, 1);
    assert_int_equal(vector.count, 1);
    position_vector_deinit(&vector);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vector_is_written_and_read),
        cmocka_unit_test(a_position_is_replaced),
        cmocka_unit_test(a_channel_is_removed),
        cmocka_unit_test(invalid_entries_are_skipped),
        cmocka_unit_test(the_remaining_entries_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
