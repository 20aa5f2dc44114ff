#include "unit.h"

#include "protocols/protocols.h"

static void the_two_lists_name_the_same(void **state)
{
    (void)state;
    size_t i = 0;
    for (; protocols[i]; i++)
        assert_string_equal(protocol_names[i], protocols[i]->name);
    assert_null(protocol_names[i]);
}

static void each_is_found_by_its_name(void **state)
{
    (void)state;
    assert_ptr_equal(protocol_find(protocols, "echo"), &protocol_echo);
    assert_ptr_equal(protocol_find(protocols, "broadcast"), &protocol_broadcast);
    assert_null(protocol_find(protocols, "Echo"));
    assert_null(protocol_find(protocols, "ech"));
    assert_null(protocol_find(protocols, ""));
}

/* RFC 6455 section 4.1: a token, as RFC 9110 has it. */
static void names_are_fit_for_a_header(void **state)
{
    (void)state;
    for (size_t i = 0; protocols[i]; i++)
        assert_int_equal(strspn(protocols[i]->name,
                                "abcdefghijklmnopqrstuvwxyz0123456789-."),
                         strlen(protocols[i]->name));
}

static void each_brings_what_its_channels_need(void **state)
{
    (void)state;
    bool taken[ENCODINGS_MAX] = {false};
    for (size_t i = 0; protocols[i]; i++) {
        const struct protocol *protocol = protocols[i];
        assert_non_null(protocol->on_open);
        assert_non_null(protocol->on_message);
        if (!protocol->encode)
            continue;
        assert_non_null(protocol->on_answer);
        assert_non_null(protocol->on_unsubscribed);
        assert_true(protocol->encoding < ENCODINGS_MAX);
        assert_false(taken[protocol->encoding]);
        taken[protocol->encoding] = true;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_two_lists_name_the_same),
        cmocka_unit_test(each_is_found_by_its_name),
        cmocka_unit_test(names_are_fit_for_a_header),
        cmocka_unit_test(each_brings_what_its_channels_need),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
