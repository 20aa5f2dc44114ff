#include "unit.h"

#include "base/json.h"

static struct json *parse(const char *text)
{
    struct error error;
    struct json *json = json_parse(bytes_of(text), false, &error);
    if (!json)
        fail_msg("%s: %s", text, error.text);
    return json;
}

static void values_keep_type_and_content(void **state)
{
    (void)state;
    struct json *json = parse("{\"n\":1.5,\"s\":\"x\",\"t\":true,\"f\":false,"
                              "\"z\":null,\"l\":[1,2],\"o\":{}}");
    assert_int_equal(json_type_of(json), JSON_OBJECT);
    assert_true(json_number(json_member(json, "n")) == 1.5);
    assert_string_equal(json_text(json_member(json, "s")), "x");
    assert_true(json_bool(json_member(json, "t")));
    assert_false(json_bool(json_member(json, "f")));
    assert_int_equal(json_type_of(json_member(json, "t")), JSON_BOOL);
    assert_int_equal(json_type_of(json_member(json, "f")), JSON_BOOL);
    assert_int_equal(json_type_of(json_member(json, "z")), JSON_NULL);
    assert_int_equal(json_type_of(json_member(json, "l")), JSON_ARRAY);
    assert_int_equal(json_type_of(json_member(json, "o")), JSON_OBJECT);
    assert_int_equal(json_type_of(json_member(json, "n")), JSON_NUMBER);
    assert_int_equal(json_type_of(json_member(json, "s")), JSON_STRING);
    json_free(json);
}

static void members_are_found_by_their_exact_name(void **state)
{
    (void)state;
    struct json *json = parse("{\"Name\":1}");
    assert_non_null(json_member(json, "Name"));
    assert_null(json_member(json, "name"));
    assert_null(json_member(json, "Nam"));
    json_free(json);
}

static void elements_keep_their_order(void **state)
{
    (void)state;
    struct json *json = parse("[1,{\"a\":2,\"b\":3},[]]");
    const struct json *at = json_first(json);
    assert_true(json_number(at) == 1);
    assert_null(json_name(at));
    at = json_next(at);
    assert_string_equal(json_name(json_first(at)), "a");
    assert_string_equal(json_name(json_next(json_first(at))), "b");
    at = json_next(at);
    assert_null(json_first(at));
    assert_null(json_next(at));
    json_free(json);
}

static void an_error_names_its_line(void **state)
{
    (void)state;
    struct error error;
    assert_null(
        json_parse(BYTES_LITERAL("{\n\"a\":1,\n\"b\" 2}"), false, &error));
    assert_string_equal(error.text, "line 3: not valid JSON");
    assert_null(json_parse(BYTES_LITERAL(""), false, &error));
    assert_null(json_parse(BYTES_LITERAL("{} x"), false, &error));
}

static void comments_are_allowed_on_request(void **state)
{
    (void)state;
    struct error error;
    static const char text[] = "/* one\n*/ { // two\n \"a\": /* 3 */ 1,\n"
                               "\"b\": \"// not /* a comment */ \\\" //\"}//";
    struct json *json = json_parse(bytes_of(text), true, &error);
    assert_non_null(json);
    assert_true(json_number(json_member(json, "a")) == 1);
    assert_string_equal(json_text(json_member(json, "b")),
                        "// not /* a comment */ \" //");
    json_free(json);
    assert_null(json_parse(bytes_of(text), false, &error));
}

static void comments_do_not_change_line_numbers(void **state)
{
    (void)state;
    struct error error;
    assert_null(
        json_parse(BYTES_LITERAL("// 1\n/* 2\n 3 */\n{ oops"), true, &error));
    assert_string_equal(error.text, "line 4: not valid JSON");
    assert_null(json_parse(BYTES_LITERAL("{ /* never closed"), true, &error));
    assert_null(json_parse(BYTES_LITERAL("{ \"never closed"), true, &error));
    assert_null(json_parse(BYTES_LITERAL("{ \"a\\"), true, &error));
}

static void types_have_names_for_people(void **state)
{
    (void)state;
    assert_string_equal(json_type_name(JSON_STRING), "a string");
    assert_string_equal(json_type_name(JSON_OBJECT), "an object");
}

static void freeing_nothing_is_allowed(void **state)
{
    (void)state;
    json_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_keep_type_and_content),
        cmocka_unit_test(members_are_found_by_their_exact_name),
        cmocka_unit_test(elements_keep_their_order),
        cmocka_unit_test(an_error_names_its_line),
        cmocka_unit_test(comments_are_allowed_on_request),
        cmocka_unit_test(comments_do_not_change_line_numbers),
        cmocka_unit_test(types_have_names_for_people),
        cmocka_unit_test(freeing_nothing_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
