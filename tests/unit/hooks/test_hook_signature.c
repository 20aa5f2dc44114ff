#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hooks/hook_signature.h"

static void sign(const char *secret, const char *time, struct bytes body,
                 char out[HOOK_SIGNATURE_LEN + 1])
{
    assert_true(hook_signature_make(secret, time, body, out));
}

/* Computed with Python's hmac module. */
static void time_and_body_are_signed(void **state)
{
    (void)state;
    char signature[HOOK_SIGNATURE_LEN + 1];
    sign("a secret for hooks, long enough", "1700000000",
         BYTES_LITERAL("{\"hook\":\"publish\"}"), signature);
    assert_string_equal(
        signature,
        "005276d341ed354d6df00d4c7e2e380a6c7ea65693ae613b9c70d78619c748b9");
}

static void each_part_changes_the_signature(void **state)
{
    (void)state;
    struct bytes body = BYTES_LITERAL("body");
    char one[HOOK_SIGNATURE_LEN + 1];
    char other[HOOK_SIGNATURE_LEN + 1];
    sign("secret", "1", body, one);
    sign("secret", "1", body, other);
    assert_string_equal(one, other);
    sign("secret", "2", body, other);
    assert_string_not_equal(one, other);
    sign("Secret", "1", body, other);
    assert_string_not_equal(one, other);
    sign("secret", "1", BYTES_LITERAL("bodx"), other);
    assert_string_not_equal(one, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_and_body_are_signed),
        cmocka_unit_test(each_part_changes_the_signature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
