#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config_check.h"
#include "config/config_load.h"

enum { FLAGS_MAX = 4 };

#define SECRET "a secret of more than thirty-two bytes"

/* Empty if these flags form a valid config, otherwise the reason. */
static const char *answer(const struct config_flag *flags)
{
    static struct error error;
    struct config_sources sources = {.flags = flags};
    while (flags[sources.flag_count].name)
        sources.flag_count++;
    struct config *config = config_load(&sources, &error);
    config_free(config);
    return config ? "" : error.text;
}

#define ANSWER(...) answer((struct config_flag[FLAGS_MAX]){__VA_ARGS__})

static void loopback_is_only_reachable_locally(void **state)
{
    (void)state;
    assert_true(config_check_is_loopback("127.0.0.1"));
    assert_true(config_check_is_loopback("127.255.0.9"));
    assert_true(config_check_is_loopback("::1"));
    assert_true(config_check_is_loopback("localhost"));
    assert_false(config_check_is_loopback("0.0.0.0"));
    assert_false(config_check_is_loopback("::"));
    assert_false(config_check_is_loopback("128.0.0.1"));
    assert_false(config_check_is_loopback("0"));
    assert_false(config_check_is_loopback("localhost.example.com"));
    assert_false(config_check_is_loopback("127.0.0.1.example.com"));
}

static void without_auth_only_loopback_is_allowed(void **state)
{
    (void)state;
    const char *why = ANSWER({"host", "0.0.0.0"});
    assert_non_null(strstr(why, "host: 0.0.0.0 is reachable"));
    assert_non_null(strstr(why, "PEAL_AUTH_SECRET"));
    assert_non_null(strstr(why, "--insecure"));
    assert_non_null(strstr(ANSWER({"host", "::"}), "without auth"));
    assert_string_equal(ANSWER({"host", "::1"}), "");
    assert_string_equal(ANSWER({"host", "0.0.0.0"}, {"insecure", NULL}), "");
    assert_string_equal(ANSWER({"host", "0.0.0.0"}, {"auth.secret", SECRET}),
                        "");
}

static void the_mask_is_not_a_valid_secret(void **state)
{
    (void)state;
    assert_non_null(strstr(ANSWER({"auth.secret", "***"}),
                           "auth.secret: *** is a placeholder"));
}

static void a_pong_is_due_before_the_next_ping(void **state)
{
    (void)state;
    assert_string_equal(ANSWER({"ping_seconds", "10"}),
                        "pong_seconds: expected less than ping_seconds (10), "
                        "got 10");
    assert_string_equal(ANSWER({"ping_seconds", "10"}, {"pong_seconds", "9"}),
                        "");
}

/* --check-config must report everything that would prevent a start. */
static void keys_are_read(void **state)
{
    (void)state;
    assert_non_null(strstr(ANSWER({"auth.key_file", "/nowhere/key.pem"}),
                           "auth.key_file: /nowhere/key.pem"));
    assert_non_null(strstr(ANSWER({"auth.key_file", "/dev/null"}),
                           "auth.key_file: /dev/null"));
    assert_non_null(strstr(ANSWER({"auth.jwks_file", "/nowhere/keys.json"}),
                           "auth.jwks_file: /nowhere/keys.json"));
    assert_non_null(
        strstr(ANSWER({"auth.secret", "short"}), "auth.secret: expected"));
    assert_null(strstr(ANSWER({"auth.secret", "short"}), "short"));
    assert_non_null(
        strstr(ANSWER({"auth.secret", SECRET}, {"auth.algorithms", "ES256"}),
               "auth.algorithms: "));
    assert_non_null(strstr(ANSWER({"default_protocol", "chat"}),
                           "default_protocol: unknown \"chat\""));
}

static void web_root_is_a_folder(void **state)
{
    (void)state;
    assert_string_equal(ANSWER({"web_root", "/dev/null"}),
                        "web_root: /dev/null is not a folder");
    assert_string_equal(ANSWER({"web_root", "/nowhere"}),
                        "web_root: /nowhere is not a folder");
    assert_string_equal(ANSWER({"web_root", "/"}), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback_is_only_reachable_locally),
        cmocka_unit_test(without_auth_only_loopback_is_allowed),
        cmocka_unit_test(the_mask_is_not_a_valid_secret),
        cmocka_unit_test(a_pong_is_due_before_the_next_ping),
        cmocka_unit_test(keys_are_read),
        cmocka_unit_test(web_root_is_a_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
