#include "unit.h"

#include "accounts/common_passwords.h"
#include "accounts/password.h"

static const struct password_cost cost = {PASSWORD_MEMORY_KIB_MIN,
                                          PASSWORD_PASSES_MIN};

static void a_password_matches_only_its_hash(void **state)
{
    (void)state;
    char hash[PASSWORD_HASH_MAX];
    char again[PASSWORD_HASH_MAX];
    struct bytes password = BYTES_LITERAL("correct horse");
    assert_true(password_hash(password, &cost, hash));
    assert_true(password_hash(password, &cost, again));
    assert_string_not_equal(hash, again); /* the salts differ */
    assert_true(password_matches(password, hash));
    assert_true(password_matches(password, again));
    assert_false(password_matches(BYTES_LITERAL("correct hors"), hash));
    assert_false(password_matches(BYTES_LITERAL("Correct horse"), hash));
}

static void no_password_matches_an_invalid_hash(void **state)
{
    (void)state;
    static const char *const broken[] = {"", "plain", "$argon2id$",
                                         "$2b$12$abcdefghijklmnopqrstuv"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        assert_false(password_matches(bytes_of(broken[i]), broken[i]));
}

static void a_hash_of_lower_cost_is_outdated(void **state)
{
    (void)state;
    const char *hash = "$argon2id$v=19$m=20000,t=3,p=1$c2FsdA$aGFzaA";
    const struct password_cost same = {20000, 3};
    const struct password_cost less = {19999, 2};
    const struct password_cost memory = {20001, 3};
    const struct password_cost passes = {20000, 4};
    assert_false(password_is_outdated(hash, &same));
    assert_false(password_is_outdated(hash, &less));
    assert_true(password_is_outdated(hash, &memory));
    assert_true(password_is_outdated(hash, &passes));
    assert_true(password_is_outdated("$argon2i$v=19$m=20000,t=3", &same));
}

static void common_passwords_are_recognized_in_any_case(void **state)
{
    (void)state;
    assert_true(common_passwords_have(BYTES_LITERAL("password1")));
    assert_true(common_passwords_have(BYTES_LITERAL("PassWord1")));
    assert_true(common_passwords_have(BYTES_LITERAL("iloveyou")));
    assert_false(common_passwords_have(BYTES_LITERAL("correct horse")));
    assert_false(common_passwords_have(BYTES_LITERAL("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_password_matches_only_its_hash),
        cmocka_unit_test(no_password_matches_an_invalid_hash),
        cmocka_unit_test(a_hash_of_lower_cost_is_outdated),
        cmocka_unit_test(common_passwords_are_recognized_in_any_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
