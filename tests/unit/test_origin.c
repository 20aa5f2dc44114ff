#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/origin.h"

struct row {
    const char *left;
    const char *right;
    bool expected;
};

static void patterns_match(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"https://example.com", "https://example.com", true},
        {"https://example.com", "HTTPS://Example.COM", true},
        {"https://example.com", "https://example.com:443", true},
        {"https://example.com:443", "https://example.com", true},
        {"http://example.com", "http://example.com:80", true},
        {"http://localhost:3000", "http://localhost:3000", true},
        {"http://[::1]:3000", "http://[::1]:3000", true},
        {"capacitor://localhost", "capacitor://localhost", true},
        {"null", "null", true},

        {"https://example.com", "http://example.com", false},
        {"https://example.com", "https://example.com:8443", false},
        {"https://example.com", "https://example.com.evil.org", false},
        {"https://example.com", "https://evil-example.com", false},
        {"https://example.com", "https://www.example.com", false},
        {"https://example.com", "https://example.com/", false},
        {"https://example.com", "https://example.com@evil.org", false},
        {"https://example.com", "https://example.com:", false},
        {"https://example.com", "https://example.com:0", false},
        {"https://example.com", "https://example.com:443x", false},
        {"https://example.com", "https://example.com:65979", false},
        {"https://example.com", "https://example.com https://x.org", false},
        {"https://example.com", "null", false},
        {"https://example.com", "", false},
        {"https://example.com", "example.com", false},
        {"null", "https://example.com", false},
        {"null", "NULL", false},

        {"https://*.example.com", "https://a.example.com", true},
        {"https://*.example.com", "https://b.a.example.com", true},
        {"https://*.example.com", "https://A.EXAMPLE.com:443", true},
        {"https://*.example.com:8443", "https://a.example.com:8443", true},
        {"https://*.example.com", "https://example.com", false},
        {"https://*.example.com", "https://.example.com", false},
        {"https://*.example.com", "https://aexample.com", false},
        {"https://*.example.com", "http://a.example.com", false},
        {"https://*.example.com", "https://a.example.com:8443", false},
        {"https://*.example.com", "https://a.example.com.evil.org", false},
        {"https://*.example.com", "https://evil.org/.example.com", false},
        {"https://*.example.com", "https://evil.org?.example.com", false},
        {"https://*.example.com", "https://*.example.com", false},
        {"https://*.example.com", "null", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (origin_matches(rows[i].left, bytes_of(rows[i].right)) !=
            rows[i].expected)
            fail_msg("%s and %s", rows[i].left, rows[i].right);
}

static void same_origin_compares_host_and_port(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"http://localhost:8080", "localhost:8080", true},
        {"http://LOCALHOST:8080", "localhost:8080", true},
        {"https://example.com", "example.com", true},
        {"https://example.com", "example.com:443", true},
        {"https://example.com:443", "example.com", true},
        {"http://example.com", "example.com:80", true},
        {"http://127.0.0.1:8080", "127.0.0.1:8080", true},
        {"http://[::1]:8080", "[::1]:8080", true},
        {"https://[::1]", "[::1]", true},

        {"http://localhost:8080", "localhost", false},
        {"http://localhost:8080", "localhost:8081", false},
        {"http://localhost:8080", "127.0.0.1:8080", false},
        {"https://example.com", "example.com:80", false},
        {"https://example.com", "www.example.com", false},
        {"https://example.com", "", false},
        {"", "", false},
        {"", "example.com", false},
        {"null", "null", false},
        {"file://", "", false},
        {"capacitor://localhost", "localhost", false},
        {"https://example.com", "example.com:443:443", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (origin_is_same(bytes_of(rows[i].left), bytes_of(rows[i].right)) !=
            rows[i].expected)
            fail_msg("%s and %s", rows[i].left, rows[i].right);
}

static void patterns_have_a_form(void **state)
{
    (void)state;
    static const char *const good[] = {
        "https://example.com",
        "http://localhost:3000",
        "null",
        "https://*.example.com",
        "https://*.example.com:8443",
        "http://[::1]:8080",
        "chrome-extension://abcdefghijklmnop",
    };
    static const char *const bad[] = {
        "",
        "*",
        "example.com",
        "https://",
        "https://*",
        "https://*.",
        "https://*example.com",
        "https://a.*.com",
        "https://example.com/",
        "https://example.com/path",
        "https://example.com:port",
        "://x",
        "https://me@example.com",
        "https://[::1",
        "https://[]",
        "https://[::1]x",
        "ht tp://example.com",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!origin_pattern_is_valid(good[i]))
            fail_msg("%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (origin_pattern_is_valid(bad[i]))
            fail_msg("%s", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_match),
        cmocka_unit_test(same_origin_compares_host_and_port),
        cmocka_unit_test(patterns_have_a_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
