#include "bus/redis_url.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

struct row {
    const char *text;
    const char *host;
    uint16_t port;
    const char *path;
    const char *user;
    const char *password;
    uint32_t database;
};

static void assert_text(const char *found, const char *expected)
{
    assert_int_equal(found != NULL, expected != NULL);
    if (expected)
        assert_string_equal(found, expected);
}

static void good_ones_are_read(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"redis://localhost", "localhost", 6379, NULL, NULL, NULL, 0},
        {"redis://localhost/", "localhost", 6379, NULL, NULL, NULL, 0},
        {"redis://10.0.0.1:7000", "10.0.0.1", 7000, NULL, NULL, NULL, 0},
        {"redis://h:1/15", "h", 1, NULL, NULL, NULL, 15},
        {"redis://h:65535/0", "h", 65535, NULL, NULL, NULL, 0},
        {"redis://[::1]", "::1", 6379, NULL, NULL, NULL, 0},
        {"redis://[fe80::1]:7000/2", "fe80::1", 7000, NULL, NULL, NULL, 2},
        {"redis://:secret@h", "h", 6379, NULL, NULL, "secret", 0},
        {"redis://user:secret@h:7/3", "h", 7, NULL, "user", "secret", 3},
        {"redis://user:a:b@h", "h", 6379, NULL, "user", "a:b", 0},
        {"redis://user:a@b@h", "h", 6379, NULL, "user", "a@b", 0},
        {"unix:///run/redis.sock", NULL, 0, "/run/redis.sock", NULL, NULL, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct redis_url url;
        struct error error = {0};
        if (!redis_url_parse(rows[i].text, &url, &error))
            fail_msg("%s: %s", rows[i].text, error.text);
        assert_text(url.host, rows[i].host);
        assert_text(url.path, rows[i].path);
        assert_text(url.user, rows[i].user);
        assert_text(url.password, rows[i].password);
        assert_int_equal(url.database, rows[i].database);
        if (url.host)
            assert_int_equal(url.port, rows[i].port);
        redis_url_deinit(&url);
    }
}

static void bad_ones_are_refused_without_their_secret(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "redis:",
        "redis://",
        "redis://:6379",
        "redis:///0",
        "redis://u:secret@",
        "redis://u:secret@h:0",
        "redis://u:secret@h:65536",
        "redis://u:secret@h:x",
        "redis://u:secret@h:-1",
        "redis://u:secret@h/x",
        "redis://u:secret@h/-1",
        "redis://u:secret@h/99999999999",
        "redis://u:secret@[::1",
        "redis://u:secret@[::1]x",
        "redis://[]",
        "unix://",
        "http://u:secret@h",
        "localhost:6379",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct redis_url url;
        struct error error = {0};
        if (redis_url_parse(rows[i], &url, &error))
            fail_msg("was taken: %s", rows[i]);
        assert_non_null(strstr(error.text, "redis.url"));
        assert_null(strstr(error.text, "secret"));
    }
}

static void tls_is_in_the_scheme(void **state)
{
    (void)state;
    struct redis_url url;
    struct error error = {0};
    assert_true(redis_url_parse("rediss://u:p@h:7/3", &url, &error));
    assert_true(url.has_tls);
    assert_string_equal(url.host, "h");
    assert_string_equal(url.password, "p");
    assert_int_equal(url.port, 7);
    assert_int_equal(url.database, 3);
    redis_url_deinit(&url);
    assert_true(redis_url_parse("redis://h", &url, &error));
    assert_false(url.has_tls);
    redis_url_deinit(&url);
    assert_false(redis_url_parse("rediss://", &url, &error));
    assert_non_null(strstr(error.text, "the host is missing"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_ones_are_read),
        cmocka_unit_test(bad_ones_are_refused_without_their_secret),
        cmocka_unit_test(tls_is_in_the_scheme),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
