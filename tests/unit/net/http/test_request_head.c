#include "unit.h"

#include "base/buffer.h"
#include "net/http/request_head.h"

static void assert_list(const char *list, bool has)
{
    if (request_list_has(bytes_of(list), "websocket") != has)
        fail_msg("%s: %s", list, has ? "not found" : "found");
}

static void words_are_found_in_lists(void **state)
{
    (void)state;
    assert_list("websocket", true);
    assert_list("WebSocket", true);
    assert_list("h2c, websocket", true);
    assert_list("websocket,h2c", true);
    assert_list(" ,\t, websocket\t ,", true);
    assert_list("a=\"b\", websocket", true);
    assert_list("a=\"\\\"\", websocket", true);
}

static void parts_of_words_are_not_found(void **state)
{
    (void)state;
    assert_list("", false);
    assert_list(",", false);
    assert_list("websockets", false);
    assert_list("xwebsocket", false);
    assert_list("websocke", false);
    assert_list("websocket x", false);
    assert_list("websocket/13", false);
    assert_list("websocket;a", false);
    assert_list("\"websocket\"", false);
    assert_list("a=\"b, websocket\"", false);
    assert_list("a=\"b, websocket", false);
    assert_list("a=\"b\\\", websocket, \"", false);
    assert_list("\"\\", false);
    assert_false(request_list_has((struct bytes){0}, "websocket"));
}

/* The values of `a` in a query, each followed by '|'. */
static void assert_query(const char *query, const char *expected)
{
    struct buffer decoded = {0};
    struct buffer all = {0};
    struct bytes value;
    struct bytes rest = bytes_of(query);
    while (value = request_query_next(&rest, "a", &decoded), value.data) {
        buffer_append(&all, value);
        buffer_append_char(&all, '|');
    }
    assert_int_equal(rest.len, 0);
    assert_string_equal(buffer_text(&all), expected);
    buffer_deinit(&decoded);
    buffer_deinit(&all);
}

static void parameters_are_found_and_decoded(void **state)
{
    (void)state;
    assert_query("a=b", "b|");
    assert_query("x=1&a=%62%20+%2B&y", "b ++|");
    assert_query("a=1&a=2&b=3&a=", "1|2||");
    assert_query("a", "|");
    assert_query("%61=1", "1|");
    assert_query("a=b=c&&a=%26", "b=c|&|");
    assert_query("a=%c3%A4", "\xc3\xa4|");
}

static void other_parameters_are_skipped(void **state)
{
    (void)state;
    assert_query("", "");
    assert_query("&", "");
    assert_query("=a&b=a&A=1&aa=2&%2561=3", "");
    assert_query("b=1;a=2", "");
}

static void an_invalid_escape_in_a_query_is_kept(void **state)
{
    (void)state;
    assert_query("a=%", "%|");
    assert_query("a=%2", "%2|");
    assert_query("a=%zz%41", "%zzA|");
    assert_query("a=%%41", "%A|");
}

static void values_are_appended(void **state)
{
    (void)state;
    struct buffer decoded = {0};
    buffer_append_text(&decoded, "before");
    struct bytes rest = BYTES_LITERAL("b=0&a=1&c=2");
    assert_bytes(request_query_next(&rest, "a", &decoded), "1");
    assert_bytes(rest, "c=2");
    assert_bytes(buffer_bytes(&decoded), "before1");
    buffer_deinit(&decoded);
}

static void assert_decoded(const char *encoded, const char *expected)
{
    struct buffer out = {0};
    buffer_append_char(&out, '>');
    bool is_good = request_decode(bytes_of(encoded), &out);
    assert_int_equal(is_good, expected != NULL);
    assert_int_equal(out.data[0], '>');
    assert_bytes(bytes_skip(buffer_bytes(&out), 1), expected ? expected : "");
    buffer_deinit(&out);
}

static void paths_are_decoded_once(void **state)
{
    (void)state;
    assert_decoded("", "");
    assert_decoded("/ws/alice", "/ws/alice");
    assert_decoded("/%61%2F%2f+", "/a//+");
    assert_decoded("%2561", "%61");
    assert_decoded("%fF", "\xff");
}

static void an_invalid_escape_in_a_path_is_refused(void **state)
{
    (void)state;
    assert_decoded("%", NULL);
    assert_decoded("/a%2", NULL);
    assert_decoded("%g0", NULL);
    assert_decoded("%0g", NULL);
    assert_decoded("%41%", NULL);
    assert_decoded("%%41", NULL);
}

static void zero_bytes_are_decoded_too(void **state)
{
    (void)state;
    struct buffer out = {0};
    assert_true(request_decode(BYTES_LITERAL("a%00b"), &out));
    assert_int_equal(out.len, 3);
    assert_memory_equal(out.data, "a\0b", 3);
    buffer_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_found_in_lists),
        cmocka_unit_test(parts_of_words_are_not_found),
        cmocka_unit_test(parameters_are_found_and_decoded),
        cmocka_unit_test(other_parameters_are_skipped),
        cmocka_unit_test(an_invalid_escape_in_a_query_is_kept),
        cmocka_unit_test(values_are_appended),
        cmocka_unit_test(paths_are_decoded_once),
        cmocka_unit_test(an_invalid_escape_in_a_path_is_refused),
        cmocka_unit_test(zero_bytes_are_decoded_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
