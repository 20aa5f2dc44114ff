#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/trusted_proxies.h"

static struct trusted_proxies *make(void)
{
    struct text_list ranges = {0};
    text_list_add(&ranges, "10.0.0.0/8");
    text_list_add(&ranges, "fd00::/8");
    struct trusted_proxies *proxies = trusted_proxies_new(&ranges);
    text_list_deinit(&ranges);
    return proxies;
}

/* In a block of exactly its size, so that reading beyond is seen. */
static struct bytes block_of(const char *text)
{
    size_t len = strlen(text);
    char *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);
    return (struct bytes){copy, len};
}

static const struct {
    const char *peer;
    const char *forwarded_for;
    const char *client;
} rows[] = {
    {"10.0.0.1", "", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.1", "192.0.2.1"},
    {"10.0.0.1", " 192.0.2.1\t", "192.0.2.1"},
    {"10.0.0.1", "192.0.2.1:4711", "192.0.2.1"},
    {"10.0.0.1", "2001:db8::1", "2001:db8::1"},
    {"10.0.0.1", "[2001:db8::1]", "2001:db8::1"},
    {"10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"},
    {"fd00::1", "192.0.2.1", "192.0.2.1"},
    /* only what trusted ones have written counts */
    {"10.0.0.1", "198.51.100.1, 192.0.2.1", "192.0.2.1"},
    {"10.0.0.1", "198.51.100.1,192.0.2.1, 10.0.0.2", "192.0.2.1"},
    {"10.0.0.1", "10.0.0.9, 192.0.2.1, 10.0.0.2", "192.0.2.1"},
    {"10.0.0.1", "10.0.0.3,10.0.0.2", "10.0.0.3"},
    /* who is not trusted has nothing to say */
    {"192.0.2.9", "198.51.100.1", "192.0.2.9"},
    {"11.0.0.1", "198.51.100.1", "11.0.0.1"},
    /* what cannot be read ends it, at the last one known */
    {"10.0.0.1", "unknown", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.1, unknown", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.1, _hidden, 10.0.0.2", "10.0.0.2"},
    {"10.0.0.1", "192.0.2.1,", "10.0.0.1"},
    {"10.0.0.1", ",", "10.0.0.1"},
    {"10.0.0.1", "[", "10.0.0.1"},
    {"10.0.0.1", "[]", "10.0.0.1"},
    {"10.0.0.1", "]", "10.0.0.1"},
    {"10.0.0.1", ":", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.1 192.0.2.2", "10.0.0.1"},
};

static void the_client_is_the_last_one_not_trusted(void **state)
{
    (void)state;
    struct trusted_proxies *proxies = make();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ip_address peer;
        char found[IP_ADDRESS_TEXT];
        struct bytes list = block_of(rows[i].forwarded_for);
        assert_true(ip_address_parse(bytes_of(rows[i].peer), &peer));
        struct ip_address client =
            trusted_proxies_client(proxies, &peer, list);
        ip_address_print(&client, found);
        if (strcmp(found, rows[i].client) != 0)
            fail_msg("\"%s\": %s", rows[i].forwarded_for, found);
        free((char *)list.data);
    }
    trusted_proxies_free(proxies);
}

static void without_ranges_nobody_is_trusted(void **state)
{
    (void)state;
    struct trusted_proxies *proxies =
        trusted_proxies_new(&(struct text_list){0});
    struct ip_address peer;
    assert_true(ip_address_parse(bytes_of("127.0.0.1"), &peer));
    assert_false(trusted_proxies_any(proxies));
    assert_false(trusted_proxies_has(proxies, &peer));
    trusted_proxies_free(proxies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_client_is_the_last_one_not_trusted),
        cmocka_unit_test(without_ranges_nobody_is_trusted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
