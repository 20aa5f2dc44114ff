#include "unit.h"

#include <stdio.h>

#include "base/buffer.h"
#include "fakes/fake_instance.h"
#include "messaging/identity.h"

static const enum capability every[] = {CAN_SUBSCRIBE, CAN_PUBLISH,
                                        CAN_SEE_PRESENCE, CAN_SEE_HISTORY,
                                        CAN_SEND_DIRECT};

static bool allow(const struct caps *caps, enum capability what,
                  const char *name)
{
    return caps_allow(caps, what, bytes_of(name));
}

static void all_caps_allow_everything(void **state)
{
    (void)state;
    struct caps *caps = caps_everything();
    for (size_t i = 0; i < COUNT(every); i++)
        assert_true(allow(caps, every[i], "any"));
    assert_false(allow(caps, CAN_HIDE, "any"));
    caps_unref(caps);
}

static void no_rule_allows_nothing(void **state)
{
    (void)state;
    struct caps *caps = fake_caps("[]");
    for (size_t i = 0; i < COUNT(every); i++)
        assert_false(allow(caps, every[i], "any"));
    caps_unref(caps);
}

static void each_word_allows_one_operation(void **state)
{
    (void)state;
    static const char *const words[] = {"sub", "pub", "prs", "hst", "dir"};
    for (size_t i = 0; i < COUNT(words); i++) {
        char text[100];
        snprintf(text, sizeof text,
                 "[{\"channels\":[\"a\"],\"allow\":[\"%s\"]}]", words[i]);
        struct caps *caps = fake_caps(text);
        for (size_t j = 0; j < COUNT(every); j++)
            assert_int_equal(allow(caps, every[j], "a"), i == j);
        caps_unref(caps);
    }
}

static void rules_are_combined(void **state)
{
    (void)state;
    struct caps *caps = fake_caps(
        "[{\"channels\":[\"news\",\"chat:*\"],\"allow\":[\"sub\",\"hst\"]},"
        " {\"channels\":[\"chat:1\"],\"allow\":[\"pub\"]}]");
    assert_true(allow(caps, CAN_SUBSCRIBE, "news"));
    assert_true(allow(caps, CAN_SEE_HISTORY, "chat:1"));
    assert_true(allow(caps, CAN_PUBLISH, "chat:1"));
    assert_false(allow(caps, CAN_PUBLISH, "chat:2"));
    assert_false(allow(caps, CAN_PUBLISH, "news"));
    assert_false(allow(caps, CAN_SUBSCRIBE, "new"));
    assert_false(allow(caps, CAN_SUBSCRIBE, "newspaper"));
    assert_false(allow(caps, CAN_SUBSCRIBE, "CHAT:1"));
    caps_unref(caps);
}

static void unknown_members_of_a_rule_are_ignored(void **state)
{
    (void)state;
    struct caps *caps = fake_caps(
        "[{\"channels\":[\"a\"],\"allow\":[\"sub\"],\"note\":[1,{}]}]");
    assert_true(allow(caps, CAN_SUBSCRIBE, "a"));
    caps_unref(caps);
}

static void client_ids_are_not_patterns(void **state)
{
    (void)state;
    struct caps *caps = fake_caps("[{\"channels\":[\"x\"],\"clients\":[\"b*\","
                                  "\"*\"],\"allow\":[\"dir\",\"sub\"]}]");
    assert_true(allow(caps, CAN_SEND_DIRECT, "b*"));
    assert_true(allow(caps, CAN_SEND_DIRECT, "*"));
    assert_true(allow(caps, CAN_SEND_DIRECT, "x"));
    assert_false(allow(caps, CAN_SEND_DIRECT, "bob"));
    assert_false(allow(caps, CAN_SUBSCRIBE, "b*"));
    caps_unref(caps);
    caps = fake_caps("[{\"clients\":[\"a\"],\"allow\":[\"dir\"]}]");
    assert_true(allow(caps, CAN_SEND_DIRECT, "a"));
    assert_false(allow(caps, CAN_SEND_DIRECT, "b"));
    caps_unref(caps);
}

static void assert_event(const struct caps *caps, enum capability what,
                         const char *event, bool expected)
{
    assert_int_equal(
        caps_allow_event(caps, what, BYTES_LITERAL("room"), bytes_of(event)),
        expected);
}

static void a_rule_may_be_about_events(void **state)
{
    (void)state;
    struct caps *caps = fake_caps(
        "[{\"channels\":[\"room\"],\"allow\":[\"sub\",\"pub\",\"dir\"],"
        "\"events\":[\"typing\",\"client-*\"]}]");
    assert_event(caps, CAN_PUBLISH, "typing", true);
    assert_event(caps, CAN_PUBLISH, "client-moved", true);
    assert_event(caps, CAN_PUBLISH, "typin", false);
    assert_event(caps, CAN_PUBLISH, "typing2", false);
    assert_event(caps, CAN_PUBLISH, "", false);
    assert_event(caps, CAN_SEND_DIRECT, "typing", true);
    assert_event(caps, CAN_SEND_DIRECT, "", false);
    assert_event(caps, CAN_SUBSCRIBE, "", true);
    caps_unref(caps);
    caps = fake_caps("[{\"channels\":[\"room\"],\"allow\":[\"pub\"],"
                     "\"events\":[]},{\"channels\":[\"other\"],"
                     "\"allow\":[\"pub\"],\"events\":null}]");
    assert_event(caps, CAN_PUBLISH, "typing", false);
    assert_event(caps, CAN_PUBLISH, "", false);
    assert_true(allow(caps, CAN_PUBLISH, "other"));
    caps_unref(caps);
}

static void the_own_id_is_not_a_pattern(void **state)
{
    (void)state;
    struct caps *caps =
        fake_caps("[{\"channels\":[\"inbox:a*\",\"a*\",\"chat:*\"],"
                  "\"allow\":[\"sub\",\"dir\"]}]");
    caps_take_literally(caps, BYTES_LITERAL("a*"));
    assert_false(allow(caps, CAN_SUBSCRIBE, "inbox:alice"));
    assert_true(allow(caps, CAN_SEND_DIRECT, "a*"));
    assert_false(allow(caps, CAN_SEND_DIRECT, "alice"));
    assert_true(allow(caps, CAN_SUBSCRIBE, "chat:1"));
    caps_take_literally(caps, BYTES_LITERAL("chat:"));
    assert_true(allow(caps, CAN_SUBSCRIBE, "chat:1"));
    caps_take_literally(caps, BYTES_LITERAL("*"));
    assert_false(allow(caps, CAN_SUBSCRIBE, "chat:1"));
    caps_unref(caps);
}

static void assert_refused(const char *text, const char *word)
{
    struct error error = {""};
    struct json *json = json_parse(bytes_of(text), false, &error);
    assert_non_null(json);
    struct caps *caps = caps_parse(json, &error);
    json_free(json);
    if (caps)
        fail_msg("accepted: %s", text);
    if (!strstr(error.text, word))
        fail_msg("%s: %s", text, error.text);
}

static void invalid_rules_are_refused_with_a_reason(void **state)
{
    (void)state;
    assert_refused("{}", "list of rules");
    assert_refused("null", "list of rules");
    assert_refused("\"*\"", "list of rules");
    assert_refused("[1]", "object");
    assert_refused("[{}]", "\"channels\"");
    assert_refused("[{\"channels\":\"a\",\"allow\":[]}]", "\"channels\"");
    assert_refused("[{\"channels\":[1],\"allow\":[]}]",
                   "rule 1: \"channels\": entry 1 is not a string");
    assert_refused("[{\"clients\":\"a\",\"allow\":[]}]",
                   "expected a list \"clients\"");
    assert_refused(
        "[{\"channels\":[],\"allow\":[],\"events\":[\"a\",\"b c\"]}]",
        "caps: rule 1: \"events\": entry 2: expected 1 to 64 of "
        "A-Z a-z 0-9 _ . : -, or a prefix and *");
    assert_refused("[{\"clients\":[1],\"allow\":[]}]",
                   "rule 1: \"clients\": entry 1 is not a string");
    assert_refused("[{\"channels\":[\"a\"]}]", "\"allow\"");
    assert_refused("[{\"channels\":[\"a\"],\"allow\":\"sub\"}]", "\"allow\"");
    assert_refused("[{\"channels\":[\"a\"],\"allow\":[1]}]", "strings");
    assert_refused("[{\"channels\":[\"a\"],\"allow\":[\"Sub\"]}]", "\"Sub\"");
    assert_refused("[{\"channels\":[\"a\"],\"allow\":[\"sub\",\"x\"]}]",
                   "\"x\"");
    assert_refused("[{\"Channels\":[\"a\"],\"allow\":[\"sub\"]}]",
                   "rule 1: unknown \"Channels\"; did you mean \"channels\"?");
    assert_refused("[{\"clients\":[],\"allow\":[]},"
                   "{\"match\":\"a\",\"allow\":[\"sub\"]}]",
                   "caps: rule 2: unknown \"match\"; expected \"channels\", "
                   "\"clients\", \"events\" and \"allow\"");
}

static void assert_count(const char *open, const char *item, int count,
                         const char *close, const char *word)
{
    struct buffer text = {0};
    buffer_append_text(&text, open);
    for (int i = 0; i < count; i++) {
        buffer_append_text(&text, i ? "," : "");
        buffer_append_text(&text, item);
    }
    buffer_append_text(&text, close);
    if (word)
        assert_refused(buffer_text(&text), word);
    else
        caps_unref(fake_caps(buffer_text(&text)));
    buffer_deinit(&text);
}

static void rules_and_patterns_are_counted(void **state)
{
    (void)state;
    const char *rule = "{\"channels\":[\"a\"],\"allow\":[\"sub\"]}";
    assert_count("[", rule, CAPS_RULES_MAX, "]", NULL);
    assert_count("[", rule, CAPS_RULES_MAX + 1, "]", "more than 64 rules");
    const char *open = "[{\"channels\":[";
    const char *close = "],\"allow\":[\"sub\"]}]";
    assert_count(open, "\"a\"", CAPS_PATTERNS_MAX, close, NULL);
    assert_count(open, "\"a\"", CAPS_PATTERNS_MAX + 1, close,
                 "more than 64 channels");
}

static void the_last_reference_frees(void **state)
{
    (void)state;
    struct caps *caps = caps_everything();
    assert_ptr_equal(caps_ref(caps), caps);
    caps_unref(caps);
    assert_true(allow(caps, CAN_PUBLISH, "a"));
    caps_unref(caps);
    caps_unref(NULL);
}

static bool are_within(const char *text)
{
    char *channel[] = {"acme:*"};
    char *client[] = {"acme-*"};
    struct caps *caps = fake_caps(text);
    bool are = caps_are_within(caps, &(struct text_list){channel, 1},
                               &(struct text_list){client, 1});
    caps_unref(caps);
    return are;
}

static void caps_may_be_within_others(void **state)
{
    (void)state;
    static const char *const within[] = {
        "[]",
        "[{\"channels\":[\"acme:1\",\"acme:a*\"],\"allow\":[\"sub\"]}]",
        "[{\"channels\":[\"acme-1\"],\"clients\":[\"acme-*\"],"
        "\"allow\":[\"dir\"]}]",
        "[{\"channels\":[\"*\"],\"allow\":[]}]",
    };
    static const char *const beyond[] = {
        "[{\"channels\":[\"*\"],\"allow\":[\"sub\"]}]",
        "[{\"channels\":[\"acme:1\",\"b\"],\"allow\":[\"hst\"]}]",
        "[{\"channels\":[\"acme:1\"],\"allow\":[\"sub\"]},"
        " {\"channels\":[\"b\"],\"allow\":[\"prs\"]}]",
        "[{\"channels\":[\"acme:1\"],\"allow\":[\"sub\",\"dir\"]}]",
        "[{\"channels\":[\"acme-*\"],\"allow\":[\"pub\",\"dir\"]}]",
        "[{\"clients\":[\"acme-1\",\"bob\"],\"allow\":[\"dir\"]}]",
        "[{\"channels\":[\"*\"],\"allow\":[\"dir\"]}]",
    };
    for (size_t i = 0; i < COUNT(within); i++)
        assert_true(are_within(within[i]));
    for (size_t i = 0; i < COUNT(beyond); i++)
        assert_false(are_within(beyond[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_caps_allow_everything),
        cmocka_unit_test(no_rule_allows_nothing),
        cmocka_unit_test(each_word_allows_one_operation),
        cmocka_unit_test(rules_are_combined),
        cmocka_unit_test(unknown_members_of_a_rule_are_ignored),
        cmocka_unit_test(a_rule_may_be_about_events),
        cmocka_unit_test(client_ids_are_not_patterns),
        cmocka_unit_test(the_own_id_is_not_a_pattern),
        cmocka_unit_test(invalid_rules_are_refused_with_a_reason),
        cmocka_unit_test(rules_and_patterns_are_counted),
        cmocka_unit_test(caps_may_be_within_others),
        cmocka_unit_test(the_last_reference_frees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
