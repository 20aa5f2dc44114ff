#include "bus/redis/redis_url.h"

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

static void valid_urls_are_read(void **state)
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
        {"redis://secret@h", "h", 6379, NULL, NULL, "secret", 0},
        {"redis://u%3a%40:p%40ss%2Fw%3Ard@h/0", "h", 6379, NULL, "u:@",
         "p@ss/w:rd", 0},
        {"redis://u:100%25@h", "h", 6379, NULL, "u", "100%", 0},
        {"redis://u:%2540@h", "h", 6379, NULL, "u", "%40", 0},
        {"redis://u:@h", "h", 6379, NULL, "u", "", 0},
        {"redis://@h", "h", 6379, NULL, NULL, NULL, 0},
        {"redis://:@h", "h", 6379, NULL, NULL, NULL, 0},
        {"redis://u:a%b@h", "h", 6379, NULL, "u", "a%b", 0},
        {"redis://u:a%4@h", "h", 6379, NULL, "u", "a%4", 0},
        {"redis://u:a/b@h/1", "h", 6379, NULL, "u", "a/b", 1},
        {"redis://my_redis-1.svc.local", "my_redis-1.svc.local", 6379, NULL,
         NULL, NULL, 0},
        {"REDIS://h", "h", 6379, NULL, NULL, NULL, 0},
        {"redis://[fe80::1%eth0]:1", "fe80::1%eth0", 1, NULL, NULL, NULL, 0},
        {"unix:///run/redis.sock", NULL, 0, "/run/redis.sock", NULL, NULL, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct redis_url url;
        struct error error = {0};
        if (!redis_url_parse(rows[i].text, &url, &error))
            fail_msg("%s: %s", rows[i].text, error.text);
        assert_text(url.host, rows[i].host);
        assert_text(url.path, rows[i].path);
        assert_text(url.login->user, rows[i].user);
        assert_text(url.login->password, rows[i].password);
        assert_int_equal(url.database, rows[i].database);
        if (url.host)
            assert_int_equal(url.port, rows[i].port);
        redis_url_deinit(&url);
    }
}

static void invalid_urls_are_refused_without_their_secret(void **state)
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
        "redis://u:secret@h?protocol=2",
        "redis://u:secret@h/0?db=1",
        "redis://u:secret@h/0#x",
        "redis://u:secret@a:6379,b:6379",
        "redis://u:secret@a,b",
        "redis://u:secret@::1",
        "redis://u:secret@h\n",
        "redis://u:secret@h\n/0",
        "redis://u:secret@h /0",
        "redis://u:secret@h/0/",
        "redis://u:secret%00@h",
        "redis+sentinel://u:secret@a,b",
        "redis+sentinel://u:secret@a,b/",
        "redis+sentinel://u:secret@a,b/my master",
        "redis+sentinel://u:secret@a,,b/m",
        "redis+sentinel://u:secret@a,b,/m",
        "redis+sentinel://u:secret@/m",
        "redis+sentinel://u:secret@a/m/x",
        "redis+sentinel://u:secret@a/m/0/",
        "redis+sentinel://u:secret@a:0/m",
        "redis+sentinel://u:secret@a/m?db=1",
        "redis+sentinel://a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a/m",
        "redis+cluster://u:secret@a,b/1",
        "redis+cluster://u:secret@a,,b",
        "redis+cluster://u:secret@",
        "redis+cluster://u:secret@a?x",
        "unix:///run/redis.sock?db=1",
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

/* The raw form works if it is unambiguous. */
static void an_unencoded_password_causes_a_warning(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_warned;
    } rows[] = {
        {"redis://u:p@h", false},   {"redis://u:p%40@h", false},
        {"redis://u:p@q@h", true},  {"redis://u:p/q@h", true},
        {"redis://u:p%@h", true},   {"redis://u:p%zz@h", true},
        {"redis://u%:p@h/0", true}, {"redis://u:p?q@h", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct redis_url url;
        struct error error = {0};
        assert_true(redis_url_parse(rows[i].text, &url, &error));
        assert_int_equal(url.warning != NULL, rows[i].is_warned);
        redis_url_deinit(&url);
    }
}

static void sentinels_are_read(void **state)
{
    (void)state;
    struct redis_url url;
    struct error error = {0};
    assert_true(redis_url_parse("redis+sentinel://u:p%40@a,10.0.0.2:7,[::1]:8/"
                                "my-master.1/3",
                                &url, &error));
    assert_null(url.host);
    assert_string_equal(url.master, "my-master.1");
    assert_string_equal(url.login->user, "u");
    assert_string_equal(url.login->password, "p@");
    assert_int_equal(url.database, 3);
    assert_int_equal(url.seed_count, 3);
    assert_string_equal(url.seeds[0].name, "a");
    assert_int_equal(url.seeds[0].port, 26379);
    assert_string_equal(url.seeds[1].name, "10.0.0.2");
    assert_int_equal(url.seeds[1].port, 7);
    assert_string_equal(url.seeds[2].name, "::1");
    assert_int_equal(url.seeds[2].port, 8);
    assert_false(url.has_tls);
    redis_url_deinit(&url);
    assert_true(redis_url_parse("rediss+sentinel://a/m", &url, &error));
    assert_true(url.has_tls);
    assert_int_equal(url.seed_count, 1);
    redis_url_deinit(&url);
}

static void nodes_of_a_cluster_are_read(void **state)
{
    (void)state;
    struct redis_url url;
    struct error error = {0};
    assert_true(
        redis_url_parse("redis+cluster://u:p@a,10.0.0.2:7/0", &url, &error));
    assert_true(url.is_cluster);
    assert_null(url.host);
    assert_null(url.master);
    assert_string_equal(url.login->user, "u");
    assert_int_equal(url.seed_count, 2);
    assert_string_equal(url.seeds[0].name, "a");
    assert_int_equal(url.seeds[0].port, 6379);
    assert_int_equal(url.seeds[1].port, 7);
    redis_url_deinit(&url);
    assert_true(redis_url_parse("rediss+cluster://a", &url, &error));
    assert_true(url.has_tls);
    redis_url_deinit(&url);
}

static void the_scheme_selects_tls(void **state)
{
    (void)state;
    struct redis_url url;
    struct error error = {0};
    assert_true(redis_url_parse("rediss://u:p@h:7/3", &url, &error));
    assert_true(url.has_tls);
    assert_string_equal(url.host, "h");
    assert_string_equal(url.login->password, "p");
    assert_int_equal(url.port, 7);
    assert_int_equal(url.database, 3);
    redis_url_deinit(&url);
    assert_true(redis_url_parse("redis://h", &url, &error));
    assert_false(url.has_tls);
    redis_url_deinit(&url);
    assert_false(redis_url_parse("rediss://", &url, &error));
    assert_non_null(strstr(error.text, "the host is missing"));
}

static const struct {
    const char *one;
    const char *other;
    bool same;
} places[] = {
    {"redis://h", "redis://:p@h:6379/0", true},
    {"redis://u:p@h:7/3", "redis://v:q@h:7/3", true},
    {"redis://h", "redis://i", false},
    {"redis://h:1", "redis://h:2", false},
    {"redis://h/1", "redis://h/2", false},
    {"redis://h", "rediss://h", false},
    {"unix:///a", "unix:///a", true},
    {"unix:///a", "unix:///b", false},
    {"unix:///h", "redis://h", false},
    {"redis+sentinel://a,b/m", "redis+sentinel://:p@a,b/m", true},
    {"redis+sentinel://a,b/m", "redis+sentinel://b,a/m", false},
    {"redis+sentinel://a,b/m", "redis+sentinel://a/m", false},
    {"redis+sentinel://a/m", "redis+sentinel://a/n", false},
    {"redis+cluster://a", "redis+sentinel://a/m", false},
    {"redis+cluster://a:1", "redis+cluster://u:p@a:1", true},
};

static void addresses_are_compared_without_logins(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        assert_int_equal(
            redis_url_is_same_place(places[i].one, places[i].other),
            places[i].same);
        assert_int_equal(
            redis_url_is_same_place(places[i].other, places[i].one),
            places[i].same);
    }
}

static void a_login_is_copied_and_compared(void **state)
{
    (void)state;
    struct bytes words[REDIS_LOGIN_WORDS];
    struct redis_login one = {0};
    struct redis_login other;
    redis_login_init(&other, NULL, "p");
    assert_int_equal(redis_login_words(&one, words), 0);
    assert_false(redis_login_equal(&one, &other));
    redis_login_take(&one, &other);
    assert_null(other.password);
    assert_int_equal(redis_login_words(&one, words), 2);
    redis_login_init(&other, "u", "p");
    assert_false(redis_login_equal(&one, &other));
    redis_login_take(&one, &other);
    assert_int_equal(redis_login_words(&one, words), 3);
    assert_true(bytes_equal(words[1], BYTES_LITERAL("u")));
    redis_login_deinit(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_urls_are_read),
        cmocka_unit_test(invalid_urls_are_refused_without_their_secret),
        cmocka_unit_test(an_unencoded_password_causes_a_warning),
        cmocka_unit_test(sentinels_are_read),
        cmocka_unit_test(nodes_of_a_cluster_are_read),
        cmocka_unit_test(the_scheme_selects_tls),
        cmocka_unit_test(addresses_are_compared_without_logins),
        cmocka_unit_test(a_login_is_copied_and_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
