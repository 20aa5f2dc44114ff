#include "unit.h"

#include "messaging/names.h"

/* Whether exactly the bytes of `allowed` are good as a name of one. */
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

static void client_ids_have_an_alphabet(void **state)
{
    (void)state;
    assert_alphabet(client_id_is_valid, ALPHANUMERIC "._~:@+=-");
}

static void channel_names_have_an_alphabet(void **state)
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
    name[max - 1] = ' ';
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

static void a_star_elsewhere_is_no_wildcard(void **state)
{
    (void)state;
    assert_false(name_matches("a*c", BYTES_LITERAL("abc")));
    assert_false(name_matches("*c", BYTES_LITERAL("abc")));
    assert_false(name_matches("a**", BYTES_LITERAL("abc")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_ids_have_an_alphabet),
        cmocka_unit_test(channel_names_have_an_alphabet),
        cmocka_unit_test(names_have_lengths),
        cmocka_unit_test(a_pattern_is_a_name_or_a_prefix),
        cmocka_unit_test(a_star_elsewhere_is_no_wildcard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
