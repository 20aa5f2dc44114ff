/* What json_scan_object accepts is sent on to other clients as it stands, so
 * it must accept exactly what JSON.parse does (and has an object on top). */
#include "unit.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "base/json.h"

static bool scan(struct bytes text)
{
    const char *why = NULL;
    bool ok = json_scan_object(text, NULL, 0, &why);
    assert_int_equal(ok, why == NULL);
    return ok;
}

/* In memory of exactly its length, so that a sanitizer sees one step more. */
static bool scan_exactly(struct bytes text)
{
    char *copy = malloc(text.len ? text.len : 1);
    if (text.len)
        memcpy(copy, text.data, text.len);
    bool ok = scan((struct bytes){copy, text.len});
    free(copy);
    return ok;
}

static void assert_all(const struct bytes *texts, size_t count, bool expected)
{
    for (size_t i = 0; i < count; i++) {
        if (scan_exactly(texts[i]) == expected)
            continue;
        fail_msg("%s: %.*s", expected ? "refused" : "accepted",
                 (int)texts[i].len, texts[i].data);
    }
}

#define B(text) BYTES_LITERAL(text)

static void valid_objects_are_accepted(void **state)
{
    (void)state;
    static const struct bytes texts[] = {
        B("{}"),
        B(" \t\r\n{ \t\r\n} \t\r\n"),
        B("{\"\":0}"),
        B("{\"a\":null,\"b\":true,\"c\":false}"),
        B("{\"a\":\"\"}"),
        B("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\"}"),
        B("{\"a\":\"\x7f \xc3\xa9 \xf0\x9f\x98\x80\"}"),
        B("{\"a\":\"\\ud800\"}"), /* JSON.parse takes lone surrogates */
        B("{\"a\":0}"),
        B("{\"a\":-0}"),
        B("{\"a\":10}"),
        B("{\"a\":-1.5e10}"),
        B("{\"a\":0.0}"),
        B("{\"a\":0e0}"),
        B("{\"a\":1E+2}"),
        B("{\"a\":1e-2}"),
        B("{\"a\":1e99999}"),
        B("{\"a\":123456789012345678901234567890}"),
        B("{\"a\":[]}"),
        B("{\"a\":[ ]}"),
        B("{\"a\":[1,[2,[3]],{}]}"),
        B("{\"a\" : { \"b\" : [ 1 , 2 ] } , \"c\" : 3 }"),
        B("{\"a\":1,\"a\":2}"),
    };
    assert_all(texts, COUNT(texts), true);
}

static void strings_that_are_not_utf8_are_refused(void **state)
{
    (void)state;
    static const struct bytes texts[] = {
        B("{\"a\":\"\xff\"}"),         B("{\"a\":\"\xc3\"}"),
        B("{\"a\":\"\xc3"),           B("{\"a\":\"\xc0\x80\"}"),
        B("{\"a\":\"\xed\xa0\x80\"}"), B("{\"a\":\"\xf4\x90\x80\x80\"}"),
        B("{\"\x80\":1}"),             B("{\"a\":\"\xf0\x9f\x98\"}"),
    };
    assert_all(texts, COUNT(texts), false);
}

static void elements_of_an_array_come_one_by_one(void **state)
{
    (void)state;
    struct bytes rest = B("[ 1 ,\"a]\" , [2,3],{\"b\":[]} ] ");
    static const char *const expected[] = {"1", "\"a]\"", "[2,3]",
                                           "{\"b\":[]}"};
    struct bytes raw;
    for (size_t i = 0; i < COUNT(expected); i++) {
        assert_true(json_next_element(&rest, &raw));
        assert_bytes(raw, expected[i]);
    }
    assert_false(json_next_element(&rest, &raw));
    assert_false(json_next_element(&rest, &raw));
}

static void what_is_no_array_has_no_elements(void **state)
{
    (void)state;
    static const struct bytes texts[] = {B("[]"), B("[ ]"), B("{}"), B("1"),
                                         B("\"[\""), B("null"), {NULL, 0}};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct bytes rest = texts[i];
        struct bytes raw;
        assert_false(json_next_element(&rest, &raw));
    }
}

static void what_is_no_object_is_refused(void **state)
{
    (void)state;
    static const struct bytes texts[] = {
        B(""),       B(" "),      B("\0"),
        B("[]"),     B("1"),      B("\"a\""),
        B("null"),   B("true"),   B("}"),
        B("{"),      B("{}}"),    B("{}{}"),
        B("{} x"),   B("{},"),    B("{}\0"),
        B("//\n{}"), B("/**/{}"), B("\xef\xbb\xbf{}"),
        B("\v{}"),   B("\f{}"),   B("\xc2\xa0{}"),
    };
    assert_all(texts, COUNT(texts), false);
}

static void members_must_be_well_formed(void **state)
{
    (void)state;
    static const struct bytes texts[] = {
        B("{\"a\"}"),
        B("{\"a\":}"),
        B("{\"a\":1,}"),
        B("{,}"),
        B("{,\"a\":1}"),
        B("{\"a\":1,,\"b\":2}"),
        B("{\"a\":1 \"b\":2}"),
        B("{\"a\" 1}"),
        B("{\"a\"::1}"),
        B("{a:1}"),
        B("{'a':1}"),
        B("{1:1}"),
        B("{null:1}"),
        B("{\"a\":1;}"),
        B("{\"a\":1"),
        B("{\"a\":1,"),
        B("{\"a\":"),
        B("{\"a\""),
        B("{\"a"),
        B("{\""),
        B("{\"a\":{}"),
        B("{\"a\":1]"),
        B("{\"a\":1}/**/"),
        B("{\"a\":/**/1}"),
        B("{[1]:1}"),
        B("{\"a\":1 2}"),
    };
    assert_all(texts, COUNT(texts), false);
}

static void lists_must_be_well_formed(void **state)
{
    (void)state;
    static const struct bytes texts[] = {
        B("{\"a\":[}"),      B("{\"a\":[1,]}"),      B("{\"a\":[,1]}"),
        B("{\"a\":[,]}"),    B("{\"a\":[1 2]}"),     B("{\"a\":[1}}"),
        B("{\"a\":[1,,2]}"), B("{\"a\":[\"b\":1]}"), B("{\"a\":["),
        B("{\"a\":]}"),      B("{\"a\":[[]}"),
    };
    assert_all(texts, COUNT(texts), false);
}

static void numbers_must_be_plain(void **state)
{
    (void)state;
    static const struct bytes texts[] = {
        B("{\"a\":01}"),       B("{\"a\":-01}"),       B("{\"a\":00}"),
        B("{\"a\":+1}"),       B("{\"a\":-}"),         B("{\"a\":--1}"),
        B("{\"a\":.5}"),       B("{\"a\":-.5}"),       B("{\"a\":1.}"),
        B("{\"a\":1.e1}"),     B("{\"a\":1e}"),        B("{\"a\":1e+}"),
        B("{\"a\":1e1.5}"),    B("{\"a\":0x10}"),      B("{\"a\":1_000}"),
        B("{\"a\":1n}"),       B("{\"a\":NaN}"),       B("{\"a\":nan}"),
        B("{\"a\":Infinity}"), B("{\"a\":-Infinity}"), B("{\"a\":1"),
        B("{\"a\":1e+-1}"),    B("{\"a\":1.2.3}"),     B("{\"a\":- 1}"),
    };
    assert_all(texts, COUNT(texts), false);
}

static void words_must_be_exact(void **state)
{
    (void)state;
    static const struct bytes texts[] = {
        B("{\"a\":nul}"),       B("{\"a\":nulll}"),     B("{\"a\":Null}"),
        B("{\"a\":TRUE}"),      B("{\"a\":truefalse}"), B("{\"a\":fals}"),
        B("{\"a\":undefined}"), B("{\"a\":n"),          B("{\"a\":tru"),
        B("{\"a\":yes}"),
    };
    assert_all(texts, COUNT(texts), false);
}

static void strings_must_be_well_formed(void **state)
{
    (void)state;
    static const struct bytes texts[] = {
        B("{\"a\":\"}"),          B("{\"a\":\"b}"),
        B("{\"a\":'b'}"),         B("{\"a\":\"\n\"}"),
        B("{\"a\":\"\t\"}"),      B("{\"a\":\"\0\"}"),
        B("{\"a\":\"\x1f\"}"),    B("{\"\n\":1}"),
        B("{\"a\":\"\\x41\"}"),   B("{\"a\":\"\\'\"}"),
        B("{\"a\":\"\\a\"}"),     B("{\"a\":\"\\v\"}"),
        B("{\"a\":\"\\0\"}"),     B("{\"a\":\"\\\0\"}"),
        B("{\"a\":\"\\u\"}"),     B("{\"a\":\"\\u12\"}"),
        B("{\"a\":\"\\u123g\"}"), B("{\"a\":\"\\U0041\"}"),
        B("{\"a\":\"\\u 041\"}"), B("{\"a\":\"\\"),
        B("{\"a\":\"\\u004"),     B("{\"a\":\"\\u004\"}"),
        B("{\"a\":\"b\\\"}"),     B("{\"a\":\"\\\n\"}"),
    };
    assert_all(texts, COUNT(texts), false);
}

/* `{"a":` and `depth - 1` lists in each other. */
static bool scan_nested(int depth, const char *open, const char *close)
{
    struct buffer text = {0};
    buffer_append_text(&text, "{\"a\":");
    for (int i = 1; i < depth; i++)
        buffer_append_text(&text, open);
    buffer_append_text(&text, "1");
    for (int i = 1; i < depth; i++)
        buffer_append_text(&text, close);
    buffer_append_text(&text, "}");
    bool ok = scan_exactly(buffer_bytes(&text));
    buffer_deinit(&text);
    return ok;
}

static void nesting_has_a_limit(void **state)
{
    (void)state;
    assert_true(scan_nested(JSON_DEPTH_MAX, "[", "]"));
    assert_false(scan_nested(JSON_DEPTH_MAX + 1, "[", "]"));
    assert_true(scan_nested(JSON_DEPTH_MAX, "{\"b\":", "}"));
    assert_false(scan_nested(JSON_DEPTH_MAX + 1, "{\"b\":", "}"));
    assert_false(scan_nested(1000000, "[", ""));
}

static void depth_counts_levels_not_lists(void **state)
{
    (void)state;
    struct buffer text = {0};
    buffer_append_text(&text, "{\"a\":[[]");
    for (int i = 0; i < 1000; i++)
        buffer_append_text(&text, ",[],{}");
    buffer_append_text(&text, "]}");
    assert_true(scan_exactly(buffer_bytes(&text)));
    buffer_deinit(&text);
}

static void slots_point_at_raw_values(void **state)
{
    (void)state;
    struct json_slot slots[] = {
        {"type", {0}}, {"big", {0}}, {"payload", {0}}, {"absent", {0}}};
    const char *why;
    assert_true(json_scan_object(
        B(" {\"big\" : 123456789012345678901234567890.10 , "
          "\"payload\":\t{ \"type\" : [ 1, \"x\" ] } ,\"type\":\"t\"} "),
        slots, COUNT(slots), &why));
    assert_bytes(slots[0].raw, "\"t\"");
    assert_bytes(slots[1].raw, "123456789012345678901234567890.10");
    assert_bytes(slots[2].raw, "{ \"type\" : [ 1, \"x\" ] }");
    assert_int_equal(slots[3].raw.len, 0);
}

static void the_last_of_equal_names_counts(void **state)
{
    (void)state;
    struct json_slot slot = {"a", {0}};
    const char *why;
    assert_true(json_scan_object(B("{\"a\":1,\"b\":2,\"a\":3,\"\\u0061\":4}"),
                                 &slot, 1, &why));
    assert_bytes(slot.raw, "4");
}

static void escaped_names_are_the_same_names(void **state)
{
    (void)state;
    struct json_slot slots[] = {{"type", {0}}, {"a/b", {0}}};
    const char *why;
    assert_true(json_scan_object(B("{\"\\u0074yp\\u0065\":1,\"a\\/b\":2}"),
                                 slots, 2, &why));
    assert_bytes(slots[0].raw, "1");
    assert_bytes(slots[1].raw, "2");
}

static void other_names_fill_no_slot(void **state)
{
    (void)state;
    struct json_slot slot = {"type", {0}};
    const char *why;
    assert_true(json_scan_object(
        B("{\"Type\":1,\"typ\":2,\"type \":3,\"type\\u0000\":4,\"\\ud800\":5,"
          "\"a_name_far_longer_than_any_that_a_message_of_ours_has_in_its_top_"
          "level_object\":6}"),
        &slot, 1, &why));
    assert_int_equal(slot.raw.len, 0);
}

static void old_slots_are_emptied(void **state)
{
    (void)state;
    struct json_slot slot = {"type", B("left over")};
    const char *why;
    assert_true(json_scan_object(B("{}"), &slot, 1, &why));
    assert_int_equal(slot.raw.len, 0);
}

static void a_single_value_of_any_kind_is_valid(void **state)
{
    (void)state;
    static const struct bytes good[] = {B("1"),      B(" null "), B("\"a\""),
                                        B("[1,{}]"), B("{}"),     B("-0.5e1")};
    static const struct bytes bad[] = {B(""),    B(" "),  B("1 2"), B("01"),
                                       B("nul"), B("[1"), B("\"a"), B("'a'")};
    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(json_is_valid(good[i]));
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(json_is_valid(bad[i]));
}

static void assert_decodes(struct bytes raw, struct bytes expected)
{
    char out[64];
    size_t len;
    assert_true(json_decode_string(raw, out, sizeof out, &len));
    assert_int_equal(len, expected.len);
    assert_memory_equal(out, expected.data, len);
}

static void strings_are_decoded_as_utf8(void **state)
{
    (void)state;
    assert_decodes(B("\"\""), B(""));
    assert_decodes(B("\"plain\""), B("plain"));
    assert_decodes(B("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), B("\"\\/\b\f\n\r\t"));
    assert_decodes(B("\"\\u0041\\u00e9\\u20AC\""), B("A\xc3\xa9\xe2\x82\xac"));
    assert_decodes(B("\"\\ud83d\\ude00!\""), B("\xf0\x9f\x98\x80!"));
    assert_decodes(B("\"\\uDBFF\\uDFFF\""), B("\xf4\x8f\xbf\xbf"));
    assert_decodes(B("\"a\\u0000b\""), B("a\0b"));
    assert_decodes(B("\"\\uffff\""), B("\xef\xbf\xbf"));
    assert_decodes(B("\"\\u007f\\u0080\\u07ff\\u0800\""),
                   B("\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80"));
}

static void lone_surrogates_are_not_decoded(void **state)
{
    (void)state;
    static const struct bytes raw[] = {
        B("\"\\ud800\""),        B("\"\\udc00\""),
        B("\"\\ud800x\""),       B("\"\\ud800\\n\""),
        B("\"\\ud800\\u0041\""), B("\"\\ud800\\ud800\""),
        B("\"\\udfff\\ud800\""), B("\"\\udbff\\ue000\""),
    };
    char out[64];
    size_t len;
    for (size_t i = 0; i < COUNT(raw); i++)
        assert_false(json_decode_string(raw[i], out, sizeof out, &len));
}

static void only_strings_that_fit_are_decoded(void **state)
{
    (void)state;
    char out[4];
    size_t len;
    assert_true(json_decode_string(B("\"four\""), out, 4, &len));
    assert_false(json_decode_string(B("\"five!\""), out, 4, &len));
    assert_false(json_decode_string(B("\"xyz\\u00e9\""), out, 4, &len));
    assert_false(json_decode_string(B("12"), out, 4, &len));
    assert_false(json_decode_string(B("null"), out, 4, &len));
    assert_false(json_decode_string((struct bytes){0}, out, 4, &len));
}

static void plain_whole_numbers_are_decoded(void **state)
{
    (void)state;
    uint64_t number;
    assert_true(json_decode_uint(B("0"), &number));
    assert_int_equal(number, 0);
    assert_true(json_decode_uint(B("18446744073709551615"), &number));
    assert_true(number == UINT64_MAX);
    static const struct bytes bad[] = {B("18446744073709551616"),
                                       B("99999999999999999999"),
                                       B("100000000000000000000"),
                                       B("-1"),
                                       B("1.0"),
                                       B("1e3"),
                                       B("\"1\""),
                                       B("null"),
                                       B("[1]"),
                                       B("")};
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(json_decode_uint(bad[i], &number));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_objects_are_accepted),
        cmocka_unit_test(what_is_no_object_is_refused),
        cmocka_unit_test(members_must_be_well_formed),
        cmocka_unit_test(lists_must_be_well_formed),
        cmocka_unit_test(numbers_must_be_plain),
        cmocka_unit_test(words_must_be_exact),
        cmocka_unit_test(strings_must_be_well_formed),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(depth_counts_levels_not_lists),
        cmocka_unit_test(slots_point_at_raw_values),
        cmocka_unit_test(the_last_of_equal_names_counts),
        cmocka_unit_test(escaped_names_are_the_same_names),
        cmocka_unit_test(other_names_fill_no_slot),
        cmocka_unit_test(old_slots_are_emptied),
        cmocka_unit_test(a_single_value_of_any_kind_is_valid),
        cmocka_unit_test(strings_that_are_not_utf8_are_refused),
        cmocka_unit_test(elements_of_an_array_come_one_by_one),
        cmocka_unit_test(what_is_no_array_has_no_elements),
        cmocka_unit_test(strings_are_decoded_as_utf8),
        cmocka_unit_test(lone_surrogates_are_not_decoded),
        cmocka_unit_test(only_strings_that_fit_are_decoded),
        cmocka_unit_test(plain_whole_numbers_are_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
