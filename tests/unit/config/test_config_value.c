/* Each type: accepted values, and the error for others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text_list.h"
#include "base/utf8.h"
#include "config/config_value.h"
#include "messaging/options.h"

struct sample {
    bool flag;
    uint32_t number;
    uint64_t large;
    unsigned choice;
    char *text;
    char *secret;
    char *even;
    struct text_list list;
    char *caps;
    struct channel_options_list channels;
};

static bool is_even(const char *text)
{
    return strlen(text) % 2 == 0;
}

static const struct config_form even = {.expected = "an even text",
                                        .is_valid = is_even};

#define AT(member) CONFIG_FIELD(struct sample, member)

static const struct config_key keys[] = {
    {"flag", &config_value_bool, AT(flag), .value = "false"},
    {"number", &config_value_uint32, AT(number), "7", .min = 5, .max = 65535},
    {"large", &config_value_uint64, AT(large), "7", .max = 1099511627776},
    {"choice", &config_value_choice, AT(choice), "one",
     .choices = "one|two|three"},
    {"text", &config_value_text, AT(text), .value = ""},
    {"secret", &config_value_text, AT(secret), NULL, .min = 1, .secret = true},
    {"even", &config_value_text, AT(even), NULL, .form = &even},
    {"list", &config_value_list, AT(list), "", .choices = "a|b|c"},
    {"caps", &config_value_caps, AT(caps), .value = "[]"},
    {"channels", &config_value_channels, AT(channels), .value = "[]"},
};

static const struct config_keys table = {keys, sizeof keys / sizeof *keys};

static int set_up(void **state)
{
    struct sample *sample = calloc(1, sizeof *sample);
    for (size_t i = 0; i < table.count; i++)
        config_value_set_default(&table.items[i], sample);
    *state = sample;
    return 0;
}

static int tear_down(void **state)
{
    for (size_t i = 0; i < table.count; i++)
        config_value_clear(&table.items[i], *state);
    free(*state);
    return 0;
}

/* Sets the key both ways; the result is empty or the error. */
static const char *from_text(struct sample *sample, const char *name,
                             const char *text)
{
    static struct error error;
    const struct config_key *key = config_key_find(&table, name);
    return config_value_from_text(key, text, sample, &error) ? "" : error.text;
}

static const char *from_json(struct sample *sample, const char *name,
                             const char *text)
{
    static struct error error;
    const struct config_key *key = config_key_find(&table, name);
    struct json *json = json_parse(bytes_of(text), false, &error);
    assert_non_null(json);
    bool ok = config_value_from_json(key, json, sample, &error);
    json_free(json);
    return ok ? "" : error.text;
}

static const char *printed(const struct sample *sample, const char *name)
{
    static char text[1024];
    struct buffer buffer = {0};
    config_value_print(config_key_find(&table, name), sample, &buffer);
    snprintf(text, sizeof text, "%s", buffer_text(&buffer));
    buffer_deinit(&buffer);
    return text;
}

static void bools(void **state)
{
    struct sample *sample = *state;
    assert_string_equal(from_text(sample, "flag", "true"), "");
    assert_true(sample->flag);
    assert_string_equal(from_text(sample, "flag", "false"), "");
    assert_false(sample->flag);
    assert_string_equal(from_text(sample, "flag", NULL), "");
    assert_true(sample->flag);
    assert_string_equal(from_json(sample, "flag", "false"), "");
    assert_false(sample->flag);
    assert_string_equal(from_text(sample, "flag", "yes"),
                        "expected true or false, got \"yes\"");
    assert_string_equal(from_json(sample, "flag", "1"),
                        "expected true or false, got 1");
    assert_string_equal(printed(sample, "flag"), "false");
}

#define WANTED "expected a whole number from 5 to 65535, got "

static void numbers_in_range(void **state)
{
    struct sample *sample = *state;
    assert_string_equal(from_text(sample, "number", "5"), "");
    assert_int_equal(sample->number, 5);
    assert_string_equal(from_json(sample, "number", "65535"), "");
    assert_int_equal(sample->number, 65535);
    assert_string_equal(from_text(sample, "number", "4"), WANTED "\"4\"");
    assert_string_equal(from_json(sample, "number", "4"), WANTED "4");
    assert_string_equal(from_text(sample, "number", "65536"),
                        WANTED "\"65536\"");
    assert_string_equal(from_json(sample, "number", "1e300"), WANTED "1e+300");
    assert_int_equal(sample->number, 65535);
}

static void numbers_are_whole(void **state)
{
    struct sample *sample = *state;
    assert_string_equal(from_json(sample, "number", "80.5"), WANTED "80.5");
    assert_string_equal(from_json(sample, "number", "-80"), WANTED "-80");
    assert_string_equal(from_json(sample, "number", "\"80\""), WANTED "\"80\"");
    assert_string_equal(from_json(sample, "number", "8.0e1"), "");
    assert_int_equal(sample->number, 80);
    assert_string_equal(from_json(sample, "number", "null"), "");
    assert_int_equal(sample->number, 80);
    assert_string_equal(from_json(sample, "number", "[80]"), WANTED "a list");
    assert_string_equal(from_text(sample, "number", "+80"), WANTED "\"+80\"");
    assert_string_equal(from_text(sample, "number", " 80"), WANTED "\" 80\"");
    assert_string_equal(from_text(sample, "number", "0x50"), WANTED "\"0x50\"");
    assert_string_equal(from_text(sample, "number", ""), WANTED "\"\"");
    assert_string_equal(from_text(sample, "number", NULL), WANTED "nothing");
    assert_string_equal(from_text(sample, "number", "99999999999999999999999"),
                        WANTED "\"99999999999999999999999\"");
}

static void large_numbers(void **state)
{
    struct sample *sample = *state;
    assert_string_equal(from_json(sample, "large", "1099511627776"), "");
    assert_true(sample->large == 1099511627776);
    assert_string_equal(printed(sample, "large"), "1099511627776");
    assert_string_equal(from_text(sample, "large", "1099511627775"), "");
    assert_true(sample->large == 1099511627775);
}

static void choices(void **state)
{
    struct sample *sample = *state;
    assert_string_equal(from_text(sample, "choice", "three"), "");
    assert_int_equal(sample->choice, 2);
    assert_string_equal(printed(sample, "choice"), "\"three\"");
    assert_string_equal(from_json(sample, "choice", "\"two\""), "");
    assert_int_equal(sample->choice, 1);
    assert_string_equal(from_text(sample, "choice", "tw"),
                        "expected one of one, two, three, got \"tw\"");
    assert_string_equal(from_text(sample, "choice", "one|two"),
                        "expected one of one, two, three, got \"one|two\"");
    assert_string_equal(from_json(sample, "choice", "2"),
                        "expected one of one, two, three, got 2");
}

static void texts(void **state)
{
    struct sample *sample = *state;
    assert_string_equal(from_text(sample, "text", "caf\xc3\xa9 \"x\""), "");
    assert_string_equal(sample->text, "caf\xc3\xa9 \"x\"");
    assert_string_equal(printed(sample, "text"), "\"caf\xc3\xa9 \\\"x\\\"\"");
    assert_string_equal(from_json(sample, "text", "\"\""), "");
    assert_string_equal(sample->text, "");
    assert_string_equal(from_json(sample, "text", "null"), "");
    assert_string_equal(sample->text, "");
    assert_string_equal(from_json(sample, "text", "[]"),
                        "expected a text, got a list");
    assert_string_equal(from_text(sample, "even", "abc"),
                        "expected an even text, got \"abc\"");
    assert_string_equal(from_text(sample, "even", "abcd"), "");
    assert_string_equal(from_json(sample, "even", "null"), "");
    assert_null(sample->even);
    assert_string_equal(printed(sample, "even"), "null");
}

static void texts_are_utf8(void **state)
{
    struct sample *sample = *state;
    static const char *const bad[] = {
        "\x80",         "a\xff",        "\xc0\xaf",         "\xe0\x80\xaf",
        "\xed\xa0\x80", "\xc3",         "\xf4\x90\x80\x80", "\xf8\x88\x80\x80",
        "\xe2\x82",     "\xf0\x9f\x98",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_string_equal(from_text(sample, "text", bad[i]),
                            "not valid UTF-8");
    assert_string_equal(
        from_text(sample, "text", "\xe2\x82\xac \xf0\x9f\x98\x80 \xdf\xbf"),
        "");
}

static void a_long_wrong_text_is_cut_between_characters(void **state)
{
    char text[200];
    memset(text, 'x', sizeof text);
    memcpy(text + 62, "\xf0\x9f\x98\x80", 4);
    text[101] = '\0';
    const char *why = from_text(*state, "even", text);
    assert_true(utf8_is_valid(bytes_of(why)));
    assert_non_null(strstr(why, "xx\"..."));
}

static void secrets_are_never_shown(void **state)
{
    struct sample *sample = *state;
    assert_string_equal(printed(sample, "secret"), "null");
    assert_string_equal(from_text(sample, "secret", "hush"), "");
    assert_string_equal(printed(sample, "secret"), "\"***\"");
    assert_string_equal(from_json(sample, "secret", "4711"),
                        "expected a non-empty string");
    assert_string_equal(from_text(sample, "secret", ""),
                        "expected a non-empty string");
    assert_string_equal(sample->secret, "hush");
}

static void lists(void **state)
{
    struct sample *sample = *state;
    assert_string_equal(from_text(sample, "list", " a, b ,c"), "");
    assert_int_equal(sample->list.count, 3);
    assert_string_equal(sample->list.items[1], "b");
    assert_string_equal(printed(sample, "list"), "[\"a\", \"b\", \"c\"]");
    assert_string_equal(from_json(sample, "list", "[\"c\"]"), "");
    assert_int_equal(sample->list.count, 1);
    assert_string_equal(from_text(sample, "list", "a,d"),
                        "entry 2: expected one of a, b, c, got \"d\"");
    assert_string_equal(from_text(sample, "list", "a,,b"),
                        "entry 2: expected one of a, b, c, got \"\"");
    assert_string_equal(from_json(sample, "list", "[\"a\", 5]"),
                        "entry 2: expected one of a, b, c, got 5");
    assert_string_equal(from_json(sample, "list", "\"a\""),
                        "expected a list of a, b, c, got \"a\"");
    assert_int_equal(sample->list.count, 1);
    assert_string_equal(from_text(sample, "list", ""), "");
    assert_int_equal(sample->list.count, 0);
    assert_string_equal(printed(sample, "list"), "[]");
}

static void caps(void **state)
{
    struct sample *sample = *state;
    static const char rules[] =
        "[{\"channels\": [\"a\\\"b*\"], \"allow\": [\"sub\"]}]";
    assert_string_equal(from_text(sample, "caps", rules), "");
    assert_string_equal(printed(sample, "caps"), rules);
    assert_string_equal(from_text(sample, "caps", "sub"),
                        "expected a list of rules, got \"sub\"");
    assert_non_null(strstr(from_json(sample, "caps", "{}"), "list of rules"));
    assert_non_null(strstr(from_text(sample, "caps",
                                     "[{\"channels\": [\"*\"], "
                                     "\"allow\": [\"fly\"]}]"),
                           "unknown \"fly\""));
    assert_string_equal(sample->caps, rules);
}

static void a_rule_for_all_channels_comes_last(void **state)
{
    struct sample *sample = *state;
    assert_int_equal(sample->channels.count, 1);
    assert_string_equal(
        from_text(sample, "channels",
                  "[{\"match\": \"chat:*\", \"history_size\": 5,"
                  " \"presence\": false, \"slow_reader\": \"latest\"}]"),
        "");
    assert_int_equal(sample->channels.count, 2);
    const struct channel_options *chat = &sample->channels.items[0];
    assert_string_equal(chat->match, "chat:*");
    assert_int_equal(chat->history_size, 5);
    assert_int_equal(chat->history_seconds, 300);
    assert_false(chat->presence);
    assert_int_equal(chat->slow_reader, SLOW_READER_LATEST);
    const struct channel_options *rest = &sample->channels.items[1];
    assert_string_equal(rest->match, "*");
    assert_int_equal(rest->history_size, 100);
    assert_true(rest->presence);
    assert_false(rest->join_leave);
}

static void a_user_defined_last_rule_is_kept(void **state)
{
    struct sample *sample = *state;
    assert_string_equal(from_json(sample, "channels",
                                  "[{\"match\": \"*\", \"history_size\": 0}]"),
                        "");
    assert_int_equal(sample->channels.count, 1);
    assert_int_equal(sample->channels.items[0].history_size, 0);
}

static void invalid_rules_are_refused(void **state)
{
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        {"{}", "expected a list of rules, got an object"},
        {"[5]", "rule 1: expected an object"},
        {"[{\"presence\": true}]", "rule 1: match is missing"},
        {"[{\"match\": \"a b\"}]",
         "rule 1: match: expected a channel name, or a prefix and *, "
         "got \"a b\""},
        {"[{\"match\": \"a\"}, {\"match\": \"b\", \"history_sise\": 5}]",
         "rule 2: history_sise: unknown key; did you mean history_size?"},
        {"[{\"match\": \"a\", \"match\": \"b\"}]",
         "rule 1: match: given twice"},
        {"[{\"match\": \"a\", \"history_size\": -1}]",
         "rule 1: history_size: expected a whole number from 0 to 100000, got "
         "-1"},
        {"[{\"match\": \"a\", \"slow_reader\": \"wait\"}]",
         "rule 1: slow_reader: expected one of close, latest, got \"wait\""},
        {"[{\"match\": \"*\"}, {\"match\": \"a\"}]",
         "rule 2: never used, since the rule before it matches everything"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(from_json(*state, "channels", cases[i].text),
                            cases[i].why);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bools),
        TEST(numbers_in_range),
        TEST(numbers_are_whole),
        TEST(large_numbers),
        TEST(choices),
        TEST(texts),
        TEST(texts_are_utf8),
        TEST(a_long_wrong_text_is_cut_between_characters),
        TEST(secrets_are_never_shown),
        TEST(lists),
        TEST(caps),
        TEST(a_rule_for_all_channels_comes_last),
        TEST(a_user_defined_last_rule_is_kept),
        TEST(invalid_rules_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
