#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "bench_token.h"

static void test_base64url_of_every_remainder(void **state)
{
    const struct {
        const char *plain, *coded;
    } rows[] = {{"", ""},        {"f", "Zg"},        {"fo", "Zm8"},
                {"foo", "Zm9v"}, {"foob", "Zm9vYg"}, {"\xff\xfe\xfb", "__77"}};
    char out[32];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t len = bench_token_base64url((const unsigned char *)rows[i].plain,
                                           strlen(rows[i].plain), out);
        assert_int_equal(len, strlen(rows[i].coded));
        assert_memory_equal(out, rows[i].coded, len);
    }
}

/* Made with another implementation of HS256. */
static void test_known_token(void **state)
{
    char token[BENCH_TOKEN_MAX];
    (void)state;
    assert_true(
        bench_token_make("a secret of the test", "load-7", 2000000000, token));
    assert_string_equal(token, "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
                               ".eyJzdWIiOiJsb2FkLTciLCJleHAiOjIwMDAwMDAwMDB9"
                               ".V14Fdivummj4sfHZ7BcniPJmDJDTo0Xk-4hX66nbcQg");
}

static void test_sub_that_does_not_fit(void **state)
{
    char token[BENCH_TOKEN_MAX], sub[BENCH_TOKEN_MAX];
    (void)state;
    memset(sub, 'a', sizeof sub - 1);
    sub[sizeof sub - 1] = '\0';
    assert_false(bench_token_make("secret", sub, 1, token));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64url_of_every_remainder),
        cmocka_unit_test(test_known_token),
        cmocka_unit_test(test_sub_that_does_not_fit),
    };
    return cmocka_run_group_tests_name("bench_token", tests, NULL, NULL);
}
