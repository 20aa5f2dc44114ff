#include "unit.h"

#include "net/http/request_head.h"
#include "net/peer/dashboard_access.h"
#include "net/peer/trusted_proxies.h"

static void names_of_this_machine_are_recognized(void **state)
{
    static const char *const names[] = {
        "localhost",    "LocalHost", "localhost:8080", "127.0.0.1",
        "127.0.0.1:80", "127.9.9.9", "[::1]",          "[::1]:8080"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_true(dashboard_access_is_own_name(bytes_of(names[i])));
}

static void other_names_are_not_recognized(void **state)
{
    static const char *const names[] = {"",
                                        ":",
                                        ":80",
                                        "localhost.",
                                        "localhost.evil.example",
                                        "xlocalhost",
                                        "127.0.0.1.nip.io",
                                        "128.0.0.1",
                                        "0.0.0.0",
                                        "[::]",
                                        "[::2]:80",
                                        "[",
                                        "[]",
                                        "]",
                                        "[localhost]",
                                        "127.1",
                                        "example.com",
                                        "localhost:80:80",
                                        "2130706433"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_false(dashboard_access_is_own_name(bytes_of(names[i])));
}

struct visit {
    const struct trusted_proxies *proxies;
    const char *peer;
    const char *client;
    const char *host;
};

static const struct visit at_home = {NULL, "127.0.0.1", "127.0.0.1",
                                     "localhost:8080"};

/* With one more field, unless it is FIELD_OTHER. */
static bool sees_it(const struct visit *visit, enum request_field field)
{
    struct ip_address peer;
    struct ip_address client;
    struct request_head head = {0};
    head.fields[FIELD_HOST] = bytes_of(visit->host);
    if (field != FIELD_OTHER)
        head.counts[field] = 1;
    assert_true(ip_address_parse(bytes_of(visit->peer), &peer));
    assert_true(ip_address_parse(bytes_of(visit->client), &client));
    struct trusted_proxies *none =
        trusted_proxies_new(&(struct text_list){0}, FORWARDED_X_FORWARDED_FOR);
    bool sees = dashboard_access_is_given(
        DASHBOARD_LOOPBACK, visit->proxies ? visit->proxies : none, &peer,
        &client, &head);
    trusted_proxies_free(none);
    return sees;
}

static void local_requests_are_allowed(void **state)
{
    (void)state;
    assert_true(sees_it(&at_home, FIELD_OTHER));
    struct visit visit = at_home;
    visit.host = "chat.example";
    assert_false(sees_it(&visit, FIELD_OTHER));
    visit = at_home;
    visit.peer = visit.client = "192.0.2.7";
    assert_false(sees_it(&visit, FIELD_OTHER));
}

/* Even an empty field counts, because some proxy wrote it. */
static void any_sign_of_a_proxy_denies_access(void **state)
{
    (void)state;
    static const enum request_field signs[] = {
        FIELD_FORWARDED,         FIELD_X_FORWARDED_FOR, FIELD_X_FORWARDED_HOST,
        FIELD_X_FORWARDED_PROTO, FIELD_X_REAL_IP,       FIELD_VIA};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        assert_false(sees_it(&at_home, signs[i]));
    assert_true(sees_it(&at_home, FIELD_USER_AGENT));
}

static void a_trusted_proxy_determines_the_client(void **state)
{
    (void)state;
    struct text_list ranges = {0};
    text_list_add(&ranges, "127.0.0.1");
    struct trusted_proxies *proxies =
        trusted_proxies_new(&ranges, FORWARDED_X_FORWARDED_FOR);
    struct visit visit = at_home;
    visit.proxies = proxies;
    assert_true(sees_it(&visit, FIELD_X_FORWARDED_FOR));
    visit.client = "192.0.2.7";
    assert_false(sees_it(&visit, FIELD_X_FORWARDED_FOR));
    trusted_proxies_free(proxies);
    text_list_deinit(&ranges);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_this_machine_are_recognized),
        cmocka_unit_test(other_names_are_not_recognized),
        cmocka_unit_test(local_requests_are_allowed),
        cmocka_unit_test(any_sign_of_a_proxy_denies_access),
        cmocka_unit_test(a_trusted_proxy_determines_the_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
