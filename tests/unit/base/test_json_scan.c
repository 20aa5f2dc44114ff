/* Objects accepted by json_scan_object are forwarded to other clients
 * unchanged, so it must accept exactly what JSON.parse accepts (with an object
 * on top). */
#include "unit.h"

#include <stdlib.h>

#include "base/buffer.h"
#include <stdio.h>

#include "base/json.h"

static bool scan(struct bytes text)
{
    const char *why = NULL;
    bool ok = json_scan_object(text, NULL, 0, &why);
    assert_int_equal(ok, why == NULL);
    return ok;
}

/* A copy in memory of the exact length, so that a sanitizer detects reading
 * beyond it. */
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
        B("{\"a\":0}"),
        B("{\"a\":-0}"),
        B("{\"a\":10}"),
        B("{\"a\":-1.5e10}"),
        B("{\"a\":0.0}"),
        B("{\"a\":0e0}"),
        B("{\"a\":1E+2}"),
        B("{\"a\":1e-2}"),
        B("{\"a\":1e308}"),
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
        B("{\"a\":\"\xff\"}"),
        B("{\"a\":\"\xc3\"}"),
        B("{\"a\":\"\xc3"),
        B("{\"a\":\"\xc0\x80\"}"),
        B("{\"a\":\"\xed\xa0\x80\"}"),
        B("{\"a\":\"\xf4\x90\x80\x80\"}"),
        B("{\"\x80\":1}"),
        B("{\"a\":\"\xf0\x9f\x98\"}"),
    };
    assert_all(texts, COUNT(texts), false);
}

/* RFC 8259 section 8.2: parsers treat them differently. */
static void lone_surrogates_are_refused(void **state)
{
    (void)state;
    static const struct bytes texts[] = {
        B("{\"a\":\"\\ud800\"}"),
        B("{\"a\":\"\\udc00\"}"),
        B("{\"a\":\"\\uD83D\"}"),
        B("{\"a\":\"\\ud83d\\ud83d\\ude00\"}"),
        B("{\"a\":\"\\ude00\\ud83d\"}"),
        B("{\"a\":\"\\ud800\\u0041\"}"),
        B("{\"a\":\"\\ud800\\n\"}"),
        B("{\"a\":\"\\ud800x\"}"),
        B("{\"a\":[{\"b\":\"\\udbff\\ue000\"}]}"),
        B("{\"\\udfff\":1}"),
        B("{\"a\":{\"\\ud800\":1}}"),
    };
    assert_all(texts, COUNT(texts), false);
    static const struct bytes pairs[] = {
        B("{\"a\":\"\\ud800\\udc00\\udbff\\uDFFF\"}"),
        B("{\"a\":\"\\\\ud800\"}"),
        B("{\"a\":\"\\ud7ff\\ue000\\uffff\"}"),
    };
    assert_all(pairs, COUNT(pairs), true);
}

/* The greatest double is 2^1024 - 2^971; numbers from 2^1024 - 2^970 on are
 * rounded to infinity. */
static const char greatest_digits[] =
    "1797693134862315807937289714053034150799341327100378269361737789804449"
    "6829276475094664901797758720709633028641669288791094655554785194040263"
    "0657488671505820681908902000708383676273854845817711531764475730270069"
    "8555713669596228429148198608349364752927190741684443655107043427115596"
    "99508093042880177904174497791";

static void assert_number(const char *number, bool expected)
{
    if (json_is_valid(bytes_of(number)) != expected)
        fail_msg("%s is %s", number, expected ? "refused" : "accepted");
}

static void numbers_fit_a_double(void **state)
{
    (void)state;
    static const char *const good[] = {
        "1e308",
        "-1.7976931348623157e308",
        "1.7976931348623158e308",
        "17976931348623157e292",
        "0.00017976931348623157E312",
        "1e-999",
        "1e-99999999999999999999999",
        "0e999",
        "-0.000e99999999999999999999999",
        "0.000001e+313",
        "1e0000000000000000000000000000001",
    };
    static const char *const bad[] = {
        "1e309",
        "-1e999",
        "1E+400",
        "1.7976931348623159e308",
        "2e308",
        "10e308",
        "0.1e310",
        "123456e304",
        "1e99999999999999999999999",
        "0.0000000001e999999999999999",
    };
    for (size_t i = 0; i < COUNT(good); i++)
        assert_number(good[i], true);
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_number(bad[i], false);
    char text[1400];
    assert_number(greatest_digits, true);
    snprintf(text, sizeof text, "%s.999", greatest_digits);
    assert_number(text, true);
    snprintf(text, sizeof text, "%.308s2", greatest_digits);
    assert_number(text, false);
    snprintf(text, sizeof text, "%.307s92", greatest_digits);
    assert_number(text, false);
    snprintf(text, sizeof text, "0.%0700d1", 0);
    assert_number(text, true);
    snprintf(text, sizeof text, "0.%0700d1e1008", 0);
    assert_number(text, true);
    snprintf(text, sizeof text, "0.%0700d1e1010", 0);
    assert_number(text, false);
    snprintf(text, sizeof text, "1%0700d.5e-400", 0);
    assert_number(text, true);
    snprintf(text, sizeof text, "1%0700d", 0);
    assert_number(text, false);
}

static void an_error_has_a_position(void **state)
{
    (void)state;
    static const struct {
        struct bytes text;
        const char *why;
    } rows[] = {
        {B(""), "unexpected end at byte 1"},
        {B("{\"a\":\"b\\ud800c\"}"), "lone surrogate at byte 8"},
        {B("{\"\xc3\xa9\":[1,1e999]}"),
         "number too big for a double at byte 10"},
        {B("{\"a\":1,}"), "expected a string at byte 8"},
        {B("1 1"), "more text after the value at byte 3"},
    };
    struct error why;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_false(json_check(rows[i].text, &why));
        assert_string_equal(why.text, rows[i].why);
    }
    assert_true(json_check(B(" [1] "), &why));
    assert_false(json_check_object(B(" [1]"), &why));
    assert_string_equal(why.text, "expected an object at byte 2");
    assert_true(json_check_object(B("{}"), &why));
}

static void elements_of_an_array_are_read_one_by_one(void **state)
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

static void other_values_have_no_elements(void **state)
{
    (void)state;
    static const struct bytes texts[] = {
        B("[]"), B("[ ]"), B("{}"), B("1"), B("\"[\""), B("null"), {NULL, 0}};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct bytes rest = texts[i];
        struct bytes raw;
        assert_false(json_next_element(&rest, &raw));
    }
}

static void other_values_are_refused(void **state)
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

/* `{"a":` and `depth - 1` nested lists. */
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
    struct json_slot slots[] = {{.name = "type"},
                                {.name = "big"},
                                {.name = "payload"},
                                {.name = "absent"}};
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

static void the_last_of_equal_names_wins(void **state)
{
    (void)state;
    struct json_slot slot = {.name = "a"};
    const char *why;
    assert_true(json_scan_object(B("{\"a\":1,\"b\":2,\"a\":3,\"\\u0061\":4}"),
                                 &slot, 1, &why));
    assert_bytes(slot.raw, "4");
}

static void escaped_names_are_equal_to_unescaped_ones(void **state)
{
    (void)state;
    struct json_slot slots[] = {{.name = "type"}, {.name = "a/b"}};
    const char *why;
    assert_true(json_scan_object(B("{\"\\u0074yp\\u0065\":1,\"a\\/b\":2}"),
                                 slots, 2, &why));
    assert_bytes(slots[0].raw, "1");
    assert_bytes(slots[1].raw, "2");
}

static void other_names_fill_no_slot(void **state)
{
    (void)state;
    struct json_slot slot = {.name = "type"};
    const char *why;
    assert_true(json_scan_object(
        B("{\"Type\":1,\"typ\":2,\"type \":3,\"type\\u0000\":4,\"\":5,"
          "\"a_name_far_longer_than_any_that_a_message_of_ours_has_in_its_top_"
          "level_object\":6}"),
        &slot, 1, &why));
    assert_int_equal(slot.raw.len, 0);
}

static void old_slots_are_cleared(void **state)
{
    (void)state;
    struct json_slot slot = {.name = "type", .raw = B("left over")};
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

static void whole_numbers_are_decoded_in_any_notation(void **state)
{
    (void)state;
    static const struct {
        struct bytes text;
        uint64_t number;
    } good[] = {
        {B("0"), 0},
        {B("-0"), 0},
        {B("0.0"), 0},
        {B("0e5"), 0},
        {B("0.000e-9"), 0},
        {B("50"), 50},
        {B("50.0"), 50},
        {B("5e1"), 50},
        {B("5E+1"), 50},
        {B("0.5e2"), 50},
        {B("500e-1"), 50},
        {B("1e3"), 1000},
        {B("1.5e1"), 15},
        {B("100"), 100},
        {B("0.001e3"), 1},
        {B("1e19"), 10000000000000000000u},
        {B("18446744073709551615"), UINT64_MAX},
        {B("18446744073709551615.00"), UINT64_MAX},
        {B("1.8446744073709551615e19"), UINT64_MAX},
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        uint64_t number = 7;
        if (!json_decode_whole(good[i].text, &number))
            fail_msg("refused: %s", good[i].text.data);
        assert_true(number == good[i].number);
    }
    static const struct bytes bad[] = {
        B(""),
        B("-1"),
        B("1.5"),
        B("15e-1"),
        B("1e20"),
        B("1e999"),
        B("1e-1"),
        B("18446744073709551616"),
        B("null"),
        B("\"1\""),
        B("[1]"),
        B("1e99999999999999999999"),
        B("-"),
        B("-1e0"),
        B("-0.1e-3"),
        B("0x10"),
        B("99999999999999999999999999999999999999.0")};
    for (size_t i = 0; i < COUNT(bad); i++) {
        uint64_t number;
        if (json_decode_whole(bad[i], &number))
            fail_msg("taken: %s", bad[i].data);
    }
}

static void a_null_fills_no_slot(void **state)
{
    (void)state;
    struct json_slot slots[] = {
        {.name = "a"}, {.name = "b", .keeps_null = true}, {.name = "c"}};
    const char *why;
    assert_true(json_scan_object(
        B("{\"a\":null,\"b\":null,\"c\":1,\"c\":null}"), slots, 3, &why));
    assert_int_equal(slots[0].raw.len, 0);
    assert_bytes(slots[1].raw, "null");
    assert_int_equal(slots[2].raw.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_objects_are_accepted),
        cmocka_unit_test(other_values_are_refused),
        cmocka_unit_test(members_must_be_well_formed),
        cmocka_unit_test(lists_must_be_well_formed),
        cmocka_unit_test(numbers_must_be_plain),
        cmocka_unit_test(words_must_be_exact),
        cmocka_unit_test(strings_must_be_well_formed),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(depth_counts_levels_not_lists),
        cmocka_unit_test(slots_point_at_raw_values),
        cmocka_unit_test(the_last_of_equal_names_wins),
        cmocka_unit_test(escaped_names_are_equal_to_unescaped_ones),
        cmocka_unit_test(other_names_fill_no_slot),
        cmocka_unit_test(old_slots_are_cleared),
        cmocka_unit_test(a_null_fills_no_slot),
        cmocka_unit_test(whole_numbers_are_decoded_in_any_notation),
        cmocka_unit_test(a_single_value_of_any_kind_is_valid),
        cmocka_unit_test(strings_that_are_not_utf8_are_refused),
        cmocka_unit_test(elements_of_an_array_are_read_one_by_one),
        cmocka_unit_test(other_values_have_no_elements),
        cmocka_unit_test(strings_are_decoded_as_utf8),
        cmocka_unit_test(lone_surrogates_are_not_decoded),
        cmocka_unit_test(lone_surrogates_are_refused),
        cmocka_unit_test(numbers_fit_a_double),
        cmocka_unit_test(an_error_has_a_position),
        cmocka_unit_test(only_strings_that_fit_are_decoded),
        cmocka_unit_test(plain_whole_numbers_are_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
