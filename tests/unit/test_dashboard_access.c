#include "unit.h"

#include "net/dashboard_access.h"

static void a_name_of_this_machine_is_known(void **state)
{
    static const char *const names[] = {
        "localhost", "LocalHost", "localhost:8080", "127.0.0.1",
        "127.0.0.1:80", "127.9.9.9", "[::1]", "[::1]:8080"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_true(dashboard_access_is_own_name(bytes_of(names[i])));
}

static void any_other_is_not(void **state)
{
    static const char *const names[] = {
        "", ":", ":80", "localhost.", "localhost.evil.example", "xlocalhost",
        "127.0.0.1.nip.io", "128.0.0.1", "0.0.0.0", "[::]", "[::2]:80",
        "[", "[]", "]", "[localhost]", "127.1", "example.com",
        "localhost:80:80", "2130706433"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_false(dashboard_access_is_own_name(bytes_of(names[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_of_this_machine_is_known),
        cmocka_unit_test(any_other_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
