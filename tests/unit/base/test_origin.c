#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/origin.h"

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

        {"file://", "file://", true},
        {"file://", "FILE://", true},
        {"file://", "file:///etc", false},
        {"file://", "file://host", false},
        {"file://", "null", false},
        {"null", "file://", false},
        {"https://example.com", "file://", false},

        {"http://localhost:*", "http://localhost", true},
        {"http://localhost:*", "http://localhost:5173", true},
        {"http://localhost:*", "https://localhost:5173", false},
        {"http://localhost:*", "http://localhost.evil.org:80", false},
        {"http://localhost:*", "http://localhost:x", false},
        {"http://localhost:*", "http://localhost:99999", false},
        {"http://[::1]:*", "http://[::1]:5173", true},
        {"https://*.example.com:*", "https://a.example.com:5173", true},
        {"https://*.example.com:*", "https://example.com:5173", false},

        {"*", "https://example.com:5173", true},
        {"*", "null", true},
        {"*", "file://", true},
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
        if (origin_is_same(bytes_of(rows[i].left), bytes_of(rows[i].right),
                           false) != rows[i].expected)
            fail_msg("%s and %s", rows[i].left, rows[i].right);
}

static void over_tls_an_http_page_has_another_origin(void **state)
{
    (void)state;
    const struct bytes host = BYTES_LITERAL("example.com");
    assert_true(
        origin_is_same(BYTES_LITERAL("https://example.com"), host, true));
    assert_false(
        origin_is_same(BYTES_LITERAL("http://example.com"), host, true));
    assert_false(origin_is_same(BYTES_LITERAL("http://example.com"),
                                BYTES_LITERAL("example.com:80"), true));
}

static void loopback_hosts_are_this_machine(void **state)
{
    (void)state;
    static const char *const ours[] = {"localhost",      "LOCALHOST:8080",
                                       "127.0.0.1:8080", "[::1]:80",
                                       "127.1.2.3",      "app.localhost:1"};
    static const char *const others[] = {
        "",        "evil.example", "localhost.evil.example", "127.0.0.1.a",
        "[::2]:1", "192.0.2.7",    "evil.example:80",        "localhost:x"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        assert_true(origin_host_is_loopback(bytes_of(ours[i])));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(origin_host_is_loopback(bytes_of(others[i])));
}

static void only_loopback_is_this_machine(void **state)
{
    (void)state;
    static const struct {
        const char *origin;
        bool expected;
    } rows[] = {
        {"http://localhost", true},
        {"http://localhost:5173", true},
        {"https://LOCALHOST:5173", true},
        {"http://app.localhost:5173", true},
        {"http://127.0.0.1:5173", true},
        {"http://127.1.2.3", true},
        {"http://[::1]:5173", true},
        {"http://128.0.0.1", false},
        {"http://127.0.0.1.evil.org", false},
        {"http://127.evil.org", false},
        {"http://localhost.evil.org", false},
        {"http://evillocalhost", false},
        {"http://192.168.1.5:5173", false},
        {"http://[::2]", false},
        {"ws://localhost", false},
        {"file://", false},
        {"null", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (origin_is_loopback(bytes_of(rows[i].origin)) != rows[i].expected)
            fail_msg("%s", rows[i].origin);
}

static void patterns_have_a_format(void **state)
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
        "*",
        "file://",
        "http://localhost:*",
        "http://[::1]:*",
        "https://*.example.com:*",
    };
    static const char *const bad[] = {
        "",
        "**",
        "*:*",
        "http://*:*",
        "http://localhost:8*",
        "http://localhost:80:*",
        "file:///",
        "file:",
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
        cmocka_unit_test(over_tls_an_http_page_has_another_origin),
        cmocka_unit_test(loopback_hosts_are_this_machine),
        cmocka_unit_test(only_loopback_is_this_machine),
        cmocka_unit_test(patterns_have_a_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
