#include "unit.h"

#include "base/error.h"

static void setting_an_error_is_false(void **state)
{
    (void)state;
    struct error error;
    assert_false(error_set(&error, "%s: line %d", "file", 3));
    assert_string_equal(error.text, "file: line 3");
}

static void a_long_text_is_cut(void **state)
{
    (void)state;
    struct error error;
    error_set(&error, "%01000d", 1);
    assert_int_equal(strlen(error.text), sizeof error.text - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setting_an_error_is_false),
        cmocka_unit_test(a_long_text_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
