#include "unit.h"

#include "messaging/fault.h"

static void every_fault_has_a_unique_code(void **state)
{
    (void)state;
    for (enum fault i = 0; i < FAULT_COUNT; i++) {
        if (!fault_info(i)->code)
            fail_msg("fault.c has no row for number %d of enum fault", i);
        for (enum fault j = 0; j < i; j++)
            assert_string_not_equal(fault_info(i)->code, fault_info(j)->code);
    }
}

static void codes_are_machine_readable_words(void **state)
{
    (void)state;
    for (enum fault i = 0; i < FAULT_COUNT; i++)
        assert_int_equal(
            strspn(fault_info(i)->code, "abcdefghijklmnopqrstuvwxyz_"),
            strlen(fault_info(i)->code));
}

static void every_fault_has_a_readable_text(void **state)
{
    (void)state;
    assert_string_equal(fault_info(FAULT_NONE)->text, "");
    for (enum fault i = FAULT_NONE + 1; i < FAULT_COUNT; i++)
        assert_true(strlen(fault_info(i)->text) > 5);
}

/* Failures of the server are not counted against the client. */
static void only_client_mistakes_are_bad(void **state)
{
    (void)state;
    assert_true(fault_info(FAULT_BAD_REQUEST)->is_bad);
    assert_true(fault_info(FAULT_UNKNOWN_TYPE)->is_bad);
    assert_true(fault_info(FAULT_BINARY)->is_bad);
    assert_false(fault_info(FAULT_NONE)->is_bad);
    assert_false(fault_info(FAULT_UNAVAILABLE)->is_bad);
    assert_false(fault_info(FAULT_TOO_MANY_CHANNELS)->is_bad);
    assert_false(fault_info(FAULT_NO_HISTORY)->is_bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fault_has_a_unique_code),
        cmocka_unit_test(codes_are_machine_readable_words),
        cmocka_unit_test(every_fault_has_a_readable_text),
        cmocka_unit_test(only_client_mistakes_are_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
