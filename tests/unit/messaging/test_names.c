#include "unit.h"

#include "messaging/names.h"

/* Whether exactly these bytes are valid in a name of one byte. */
static void assert_alphabet(bool (*is_valid)(struct bytes), const char *allowed)
{
    for (int i = 0; i < 256; i++) {
        char c = (char)i;
        bool expected = c && strchr(allowed, c);
        if (is_valid((struct bytes){&c, 1}) != expected)
            fail_msg("byte 0x%02x is %s", (unsigned)i,
                     expected ? "refused" : "accepted");
    }
}

#define ALPHANUMERIC                                                           \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static void client_ids_are_utf8_without_controls(void **state)
{
    (void)state;
    assert_alphabet(client_id_is_valid,
                    ALPHANUMERIC " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~");
    static const char *const good[] = {
        "auth0|5f7c",
        "google-oauth2|1035",
        "https://orcid.org/0000-0002",
        "repo:octo/x:ref:refs/heads/main",
        "DOMAIN\\user",
        "o'brien@x.com",
        "jos\xc3\xa9",
        "jose\xcc\x81",
        "Anna Maria",
        "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80",
        "\xe2\x80\xaenimda",
        "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d",
        "\xc2\xa0",
        "\xef\xbf\xbf",
        "\xf4\x8f\xbf\xbf",
    };
    for (size_t i = 0; i < COUNT(good); i++)
        if (!client_id_is_valid(bytes_of(good[i])))
            fail_msg("refused: %s", good[i]);
}

static void assert_flaw(bool (*check)(struct bytes, struct error *),
                        struct bytes name, const char *flaw)
{
    struct error why;
    assert_false(check(name, &why));
    if (!strstr(why.text, flaw))
        fail_msg("%s: expected %s", why.text, flaw);
}

#define B BYTES_LITERAL

static void an_error_has_a_position(void **state)
{
    (void)state;
    static const struct {
        struct bytes id;
        const char *flaw;
    } ids[] = {
        {B(""), "without control characters; it is empty"},
        {B("a\0b"), "; found U+0000 at character 2"},
        {B("\n"), "; found U+000A at character 1"},
        {B("\xc3\xa9\xf0\x9f\x98\x80\x7f"), "; found U+007F at character 3"},
        {B("a\xc2\x80"), "; found U+0080 at character 2"},
        {B("a\xc2\x9f"), "; found U+009F at character 2"},
        {B("a\xff"), "; not UTF-8 at character 2"},
        {B("\xc3\xa9\xc0\xaf"), "; not UTF-8 at character 2"},
        {B("\xe0\x80\xaf"), "; not UTF-8 at character 1"},
        {B("ab\xed\xa0\x80"), "; not UTF-8 at character 3"},
        {B("\xf4\x90\x80\x80"), "; not UTF-8 at character 1"},
        {B("ab\xe2\x80"), "; not UTF-8 at character 3"},
    };
    for (size_t i = 0; i < COUNT(ids); i++) {
        assert_flaw(client_id_check, ids[i].id, ids[i].flaw);
        assert_false(client_id_is_valid(ids[i].id));
    }
    assert_flaw(channel_name_check, B("a b"), "/; found U+0020 at character 2");
    assert_flaw(channel_name_check, B("caf\xc3\xa9"),
                "; found U+00E9 at character 4");
    assert_flaw(channel_name_check, B("\xf0\x9f\x98\x80"),
                "; found U+1F600 at character 1");
    assert_flaw(channel_name_check, B("a\xff"), "; not UTF-8 at character 2");
    assert_flaw(channel_name_check, B("a\0"), "; found U+0000 at character 2");
}

static void an_id_is_counted_in_bytes(void **state)
{
    (void)state;
    char id[2 * 65];
    for (size_t i = 0; i < sizeof id; i += 2)
        memcpy(id + i, "\xc3\xa9", 2);
    assert_true(client_id_is_valid((struct bytes){id, 128}));
    assert_flaw(client_id_check, (struct bytes){id, 130}, "; it has 130 bytes");
    assert_flaw(client_id_check, (struct bytes){id, 127},
                "; not UTF-8 at character 64");
}

static void names_are_read_from_json(void **state)
{
    (void)state;
    char id[CLIENT_ID_MAX];
    char channel[CHANNEL_NAME_MAX];
    struct bytes name;
    struct error why;
    char text[200];
    memset(text, 'a', sizeof text);
    text[0] = text[sizeof text - 1] = '"';
    struct bytes too_long = {text, sizeof text};
    assert_true(client_id_decode(B("\"jos\\u00e9\\u0020|\""), id, &name, &why));
    assert_bytes(name, "jos\xc3\xa9 |");
    assert_true(channel_name_decode(B("\"a/b\""), channel, &name, NULL));
    assert_bytes(name, "a/b");
    assert_false(client_id_decode(too_long, id, &name, NULL));
    assert_false(client_id_decode(too_long, id, &name, &why));
    assert_non_null(strstr(why.text, "; it has 198 bytes"));
    assert_false(channel_name_decode(too_long, channel, &name, &why));
    assert_non_null(strstr(why.text, "; it has 198 bytes"));
    assert_false(client_id_decode(B("7"), id, &name, &why));
    assert_non_null(strstr(why.text, "; it is not a string"));
    assert_false(client_id_decode(B("\"a\\u0000\""), id, &name, NULL));
    assert_false(channel_name_decode(B("\"a b\""), channel, &name, &why));
    assert_non_null(strstr(why.text, "; found U+0020 at character 2"));
}

static void channel_names_have_a_character_set(void **state)
{
    (void)state;
    assert_alphabet(channel_name_is_valid, ALPHANUMERIC "_-=@,.;:#$/");
}

static void assert_lengths(bool (*is_valid)(struct bytes), size_t max)
{
    char name[256];
    memset(name, 'a', sizeof name);
    assert_false(is_valid((struct bytes){name, 0}));
    assert_true(is_valid((struct bytes){name, 1}));
    assert_true(is_valid((struct bytes){name, max}));
    assert_false(is_valid((struct bytes){name, max + 1}));
    name[max - 1] = '\t';
    assert_false(is_valid((struct bytes){name, max}));
}

static void names_have_lengths(void **state)
{
    (void)state;
    assert_lengths(client_id_is_valid, 128);
    assert_lengths(channel_name_is_valid, 164);
}

static void a_pattern_is_a_name_or_a_prefix(void **state)
{
    (void)state;
    assert_true(name_matches("chat", BYTES_LITERAL("chat")));
    assert_false(name_matches("chat", BYTES_LITERAL("chat:1")));
    assert_false(name_matches("chat", BYTES_LITERAL("cha")));
    assert_true(name_matches("chat:*", BYTES_LITERAL("chat:1")));
    assert_true(name_matches("chat:*", BYTES_LITERAL("chat:")));
    assert_false(name_matches("chat:*", BYTES_LITERAL("chat")));
    assert_true(name_matches("*", BYTES_LITERAL("anything")));
    assert_false(name_matches("", BYTES_LITERAL("anything")));
}

static void a_star_elsewhere_is_not_a_wildcard(void **state)
{
    (void)state;
    assert_false(name_matches("a*c", BYTES_LITERAL("abc")));
    assert_false(name_matches("*c", BYTES_LITERAL("abc")));
    assert_false(name_matches("a**", BYTES_LITERAL("abc")));
    assert_false(name_matches("abc", BYTES_LITERAL("*")));
    assert_false(name_matches("abc", BYTES_LITERAL("a*")));
    assert_true(name_matches("a*", BYTES_LITERAL("a*")));
}

static void events_have_a_character_set_and_a_length(void **state)
{
    (void)state;
    char out[EVENT_MAX];
    struct bytes event;
    struct error why;
    assert_true(event_is_valid(BYTES_LITERAL("Chat.typing_2:on-off")));
    assert_false(event_is_valid(BYTES_LITERAL("")));
    assert_false(event_is_valid(BYTES_LITERAL("a b")));
    assert_false(event_is_valid(BYTES_LITERAL("a;b")));
    assert_false(event_is_valid(BYTES_LITERAL("a|b")));
    assert_false(event_is_valid((struct bytes){"a\0b", 3}));
    assert_true(event_decode(BYTES_LITERAL("\"\\u0061\""), out, &event, NULL));
    assert_bytes(event, "a");
    assert_false(event_decode(BYTES_LITERAL("7"), out, &event, NULL));
    assert_false(event_decode(BYTES_LITERAL("\"a,\""), out, &event, &why));
    assert_string_equal(why.text,
                        "must be " EVENT_RULE "; found U+002C at character 2");
    char text[EVENT_MAX + 2];
    memset(text, 'e', sizeof text);
    assert_true(event_is_valid((struct bytes){text, EVENT_MAX}));
    assert_false(event_is_valid((struct bytes){text, EVENT_MAX + 1}));
    assert_true(event_pattern_is_valid("client-*"));
    assert_true(event_pattern_is_valid("*"));
    assert_false(event_pattern_is_valid("a*b"));
}

static void patterns_may_cover_others(void **state)
{
    (void)state;
    static const struct {
        const char *inner;
        bool is_covered;
    } cases[] = {
        {"acme:1", true}, {"acme:*", true},   {"acme:a*", true},
        {"news", true},   {"acme:", true},    {"acme*", false},
        {"acme", false},  {"*", false},       {"new*", false},
        {"news*", false}, {"", false},        {"bcme:*", false},
        {"ne", false},    {"acme:a**", true},
    };
    char *items[] = {"acme:*", "news"};
    char *star[] = {"*"};
    const struct text_list all = {star, 1};
    const struct text_list patterns = {items, 2};
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(name_patterns_cover(&patterns, cases[i].inner),
                         cases[i].is_covered);
        assert_true(name_patterns_cover(&all, cases[i].inner));
    }
    assert_true(name_matches_any(&patterns, BYTES_LITERAL("news")));
    assert_true(name_matches_any(&patterns, BYTES_LITERAL("acme:*")));
    assert_false(name_matches_any(&patterns, BYTES_LITERAL("acme")));
    assert_false(name_matches_any(&(struct text_list){0}, BYTES_LITERAL("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_ids_are_utf8_without_controls),
        cmocka_unit_test(an_error_has_a_position),
        cmocka_unit_test(an_id_is_counted_in_bytes),
        cmocka_unit_test(names_are_read_from_json),
        cmocka_unit_test(channel_names_have_a_character_set),
        cmocka_unit_test(names_have_lengths),
        cmocka_unit_test(a_pattern_is_a_name_or_a_prefix),
        cmocka_unit_test(a_star_elsewhere_is_not_a_wildcard),
        cmocka_unit_test(events_have_a_character_set_and_a_length),
        cmocka_unit_test(patterns_may_cover_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
