#include "unit.h"

#include "protocols/protocols.h"

static const struct protocol *find(const char *name)
{
    return protocol_find(protocols, &endpoint_websocket, bytes_of(name));
}

static void each_protocol_is_found_by_its_name(void **state)
{
    (void)state;
    assert_ptr_equal(find("echo"), &protocol_echo);
    assert_ptr_equal(find("broadcast"), &protocol_broadcast);
    assert_null(find("Echo"));
    assert_null(find("ech"));
    assert_null(find(""));
}

static void assert_at(const char *path, const struct endpoint *expected,
                      const char *expected_rest)
{
    struct bytes rest;
    assert_ptr_equal(protocol_endpoint(protocols, bytes_of(path), &rest),
                     expected);
    if (expected)
        assert_bytes(rest, expected_rest);
}

static void each_protocol_has_an_endpoint(void **state)
{
    (void)state;
    for (size_t i = 0; protocols[i]; i++)
        assert_non_null(protocols[i]->endpoint);
    assert_at("/ws/", &endpoint_websocket, "");
    assert_at("/ws/alice", &endpoint_websocket, "alice");
    assert_at("/ws/a/b", &endpoint_websocket, "a/b");
    assert_at("/ws", NULL, NULL);
    assert_at("/wsx", NULL, NULL);
    assert_at("", NULL, NULL);
}

static int two_more(enum close_reason reason)
{
    return close_reason_info(reason)->code + 2;
}

static void close_codes_depend_on_the_protocol(void **state)
{
    (void)state;
    const struct protocol odd = {.close_code = two_more};
    assert_int_equal(protocol_close_code(&odd, CLOSE_FORBIDDEN), 4405);
    assert_int_equal(protocol_close_code(&protocol_echo, CLOSE_FORBIDDEN),
                     4403);
    assert_int_equal(protocol_close_code(NULL, CLOSE_FORBIDDEN), 4403);
}

/* RFC 6455 section 4.1: a token, as RFC 9110 has it. */
static void names_are_valid_in_a_header(void **state)
{
    (void)state;
    for (size_t i = 0; protocols[i]; i++)
        assert_int_equal(strspn(protocols[i]->name,
                                "abcdefghijklmnopqrstuvwxyz0123456789-."),
                         strlen(protocols[i]->name));
}

static void each_protocol_provides_what_its_channels_need(void **state)
{
    (void)state;
    const struct encoding *taken[ENCODINGS_MAX] = {NULL};
    for (size_t i = 0; protocols[i]; i++) {
        const struct protocol *protocol = protocols[i];
        assert_non_null(protocol->on_open);
        assert_non_null(protocol->on_message);
        if (!protocol->encoding)
            continue;
        assert_non_null(protocol->on_answer);
        assert_non_null(protocol->on_unsubscribed);
        assert_true(protocol->encoding->number < ENCODINGS_MAX);
        const struct encoding **place = &taken[protocol->encoding->number];
        assert_true(!*place || *place == protocol->encoding);
        *place = protocol->encoding;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_protocol_is_found_by_its_name),
        cmocka_unit_test(each_protocol_has_an_endpoint),
        cmocka_unit_test(close_codes_depend_on_the_protocol),
        cmocka_unit_test(names_are_valid_in_a_header),
        cmocka_unit_test(each_protocol_provides_what_its_channels_need),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
