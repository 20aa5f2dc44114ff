#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "hooks/hook_answer.h"

enum { PAYLOAD_MAX = 10 };

static struct question *made;
static struct error why;

static bool answer(enum hook hook, const char *body)
{
    if (made)
        question_free(made);
    made = memory_new(1, sizeof *made);
    made->hook = hook;
    return hook_answer_read(bytes_of(body), PAYLOAD_MAX, made, &why);
}

static int end(void **state)
{
    (void)state;
    question_free(made);
    made = NULL;
    return 0;
}

static void allow_and_deny(void **state)
{
    (void)state;
    assert_true(answer(HOOK_SUBSCRIBE, "{\"allow\":true}"));
    assert_int_equal(made->result, HOOK_ALLOWED);
    assert_true(answer(HOOK_SUBSCRIBE, " {\"x\":1, \"allow\" : false} "));
    assert_int_equal(made->result, HOOK_REFUSED);
    assert_int_equal(made->status, 403);
    assert_string_equal(made->reason, "");
}

static void other_texts_are_invalid_answers(void **state)
{
    (void)state;
    static const char *const bodies[] = {"",
                                         "true",
                                         "[]",
                                         "{}",
                                         "{\"allow\":null}",
                                         "{\"allow\":\"true\"}",
                                         "{\"allow\":1}",
                                         "{\"allow\":true",
                                         "{\"allow\":true}x"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        why.text[0] = '\0';
        assert_false(answer(HOOK_CONNECT, bodies[i]));
        assert_true(why.text[0]);
    }
}

static void a_refusal_has_status_and_reason(void **state)
{
    (void)state;
    assert_true(answer(HOOK_CONNECT, "{\"allow\":false,\"status\":402,"
                                     "\"reason\":\"p\\u00e4y\"}"));
    assert_int_equal(made->status, 402);
    assert_string_equal(made->reason, "p\xc3\xa4y");
    assert_true(answer(HOOK_CONNECT, "{\"allow\":false,\"status\":200,"
                                     "\"reason\":\"a\\u0000b\"}"));
    assert_int_equal(made->status, 403);
    assert_string_equal(made->reason, "");
}

/* Cut between two characters. */
static void a_long_reason_is_truncated(void **state)
{
    (void)state;
    char body[512] = "{\"allow\":false,\"reason\":\"";
    for (int i = 0; i < 100; i++)
        strcat(body, "\xc3\xa4");
    strcat(body, "\"}");
    assert_true(answer(HOOK_PUBLISH, body));
    assert_int_equal(strlen(made->reason), 122);
}

/* Even a malformed reason does not undo the refusal. */
static void an_excessive_reason_still_refuses(void **state)
{
    (void)state;
    char body[4096] = "{\"allow\":false,\"reason\":\"";
    memset(body + strlen(body), 'x', 3000);
    strcat(body, "\"}");
    assert_true(answer(HOOK_PUBLISH, body));
    assert_int_equal(made->result, HOOK_REFUSED);
    assert_string_equal(made->reason, "");
}

static void a_payload_is_taken_unchanged(void **state)
{
    (void)state;
    assert_true(answer(HOOK_PUBLISH, "{\"allow\":true,\"payload\":1e300 }"));
    assert_string_equal(made->payload, "1e300");
    assert_true(answer(HOOK_SUBSCRIBE, "{\"allow\":true,\"payload\":1}"));
    assert_null(made->payload);
    assert_true(answer(HOOK_PUBLISH, "{\"allow\":false,\"payload\":1}"));
    assert_null(made->payload);
    assert_false(
        answer(HOOK_PUBLISH, "{\"allow\":true,\"payload\":\"123456789\"}"));
    assert_null(made->payload);
}

/* Go, Java and .NET write unset members like this. */
static void null_equals_a_missing_member(void **state)
{
    (void)state;
    assert_true(answer(HOOK_CONNECT, "{\"allow\":true,\"caps\":null,"
                                     "\"expires\":null,\"payload\":null,"
                                     "\"status\":null,\"reason\":null}"));
    assert_int_equal(made->result, HOOK_ALLOWED);
    assert_null(made->caps);
    assert_false(made->has_expiry);
    assert_true(answer(HOOK_PUBLISH, "{\"allow\":true,\"payload\":null}"));
    assert_null(made->payload);
    assert_true(answer(HOOK_CONNECT, "{\"allow\":false,\"status\":4.02e2,"
                                     "\"reason\":null}"));
    assert_int_equal(made->status, 402);
}

static void connect_may_have_caps_and_expiry(void **state)
{
    (void)state;
    assert_true(answer(HOOK_CONNECT,
                       "{\"allow\":true,\"expires\":12,\"caps\":"
                       "[{\"channels\":[\"a*\"],\"allow\":[\"sub\"]}]}"));
    assert_true(made->has_expiry);
    assert_int_equal(made->expires_seconds, 12);
    assert_true(caps_allow(made->caps, CAN_SUBSCRIBE, BYTES_LITERAL("ab")));
    assert_false(caps_allow(made->caps, CAN_PUBLISH, BYTES_LITERAL("ab")));
    assert_true(answer(HOOK_CONNECT, "{\"allow\":true}"));
    assert_null(made->caps);
    assert_false(made->has_expiry);
    assert_false(answer(HOOK_CONNECT, "{\"allow\":true,\"caps\":7}"));
    assert_false(answer(HOOK_CONNECT, "{\"allow\":true,\"expires\":\"1\"}"));
    assert_false(answer(HOOK_CONNECT,
                        "{\"allow\":true,\"expires\":9223372036854775808}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(allow_and_deny, end),
        cmocka_unit_test_teardown(other_texts_are_invalid_answers, end),
        cmocka_unit_test_teardown(a_refusal_has_status_and_reason, end),
        cmocka_unit_test_teardown(a_long_reason_is_truncated, end),
        cmocka_unit_test_teardown(an_excessive_reason_still_refuses, end),
        cmocka_unit_test_teardown(a_payload_is_taken_unchanged, end),
        cmocka_unit_test_teardown(null_equals_a_missing_member, end),
        cmocka_unit_test_teardown(connect_may_have_caps_and_expiry, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
