#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/peer/trusted_proxies.h"

static struct trusted_proxies *make(enum forwarded_header header)
{
    struct text_list ranges = {0};
    text_list_add(&ranges, "10.0.0.0/8");
    text_list_add(&ranges, "fd00::/8");
    struct trusted_proxies *proxies = trusted_proxies_new(&ranges, header);
    text_list_deinit(&ranges);
    return proxies;
}

/* In a block of exactly its size, so that reading beyond it is detected. */
static struct bytes block_of(const char *text)
{
    size_t len = strlen(text);
    char *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);
    return (struct bytes){copy, len};
}

struct row {
    const char *peer;
    const char *value;
    const char *client;
};

static const struct row x_forwarded_for[] = {
    {"10.0.0.1", "", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.1", "192.0.2.1"},
    {"10.0.0.1", " 192.0.2.1\t", "192.0.2.1"},
    {"10.0.0.1", "192.0.2.1:4711", "192.0.2.1"},
    {"10.0.0.1", "2001:db8::1", "2001:db8::1"},
    {"10.0.0.1", "[2001:db8::1]", "2001:db8::1"},
    {"10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"},
    {"fd00::1", "192.0.2.1", "192.0.2.1"},
    /* only entries written by trusted proxies count */
    {"10.0.0.1", "198.51.100.1, 192.0.2.1", "192.0.2.1"},
    {"10.0.0.1", "198.51.100.1,192.0.2.1, 10.0.0.2", "192.0.2.1"},
    {"10.0.0.1", "10.0.0.9, 192.0.2.1, 10.0.0.2", "192.0.2.1"},
    {"10.0.0.1", "10.0.0.3,10.0.0.2", "10.0.0.3"},
    /* an untrusted peer's header is ignored */
    {"192.0.2.9", "198.51.100.1", "192.0.2.9"},
    {"11.0.0.1", "198.51.100.1", "11.0.0.1"},
    /* an invalid entry ends the search at the last known address */
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

/* RFC 7239 */
static const struct row forwarded[] = {
    {"10.0.0.1", "", "10.0.0.1"},
    {"10.0.0.1", "for=192.0.2.1\n", "192.0.2.1"},
    {"10.0.0.1", " for=192.0.2.1\t", "192.0.2.1"},
    {"10.0.0.1", "For=192.0.2.1;proto=http; by=203.0.113.43", "192.0.2.1"},
    {"10.0.0.1", "proto=https ; host=\"a,b;for=1.2.3.4\"; FOR=192.0.2.1",
     "192.0.2.1"},
    {"10.0.0.1", "for=\"192.0.2.1\"", "192.0.2.1"},
    {"10.0.0.1", "for=\"192.0.2.1:4711\"", "192.0.2.1"},
    {"10.0.0.1", "for=\"192.0.2.1:_port-1.x\"", "192.0.2.1"},
    {"10.0.0.1", "for=\"[2001:db8::1]\"", "2001:db8::1"},
    {"10.0.0.1", "for=\"[2001:db8::1]:4711\"", "2001:db8::1"},
    {"10.0.0.1", "for=\"\\1\\92.0.2.1\"", "192.0.2.1"},
    {"fd00::1", ",, for=192.0.2.1 ,", "192.0.2.1"},
    {"10.0.0.1", "for=192.0.2.1;;", "192.0.2.1"},
    /* only entries written by trusted proxies count */
    {"10.0.0.1", "for=198.51.100.1, for=192.0.2.1", "192.0.2.1"},
    {"10.0.0.1", "for=198.51.100.1,for=192.0.2.1, for=10.0.0.2", "192.0.2.1"},
    {"10.0.0.1", "for=198.51.100.1\nfor=192.0.2.1\n", "192.0.2.1"},
    {"10.0.0.1", "for=192.0.2.1\nfor=\"[fd00::2]\"\n", "192.0.2.1"},
    {"10.0.0.1", "for=10.0.0.3,for=10.0.0.2", "10.0.0.3"},
    {"192.0.2.9", "for=198.51.100.1", "192.0.2.9"},
    /* invalid names */
    {"10.0.0.1", "for=unknown", "10.0.0.1"},
    {"10.0.0.1", "for=192.0.2.1, for=unknown", "10.0.0.1"},
    {"10.0.0.1", "for=192.0.2.1, for=_hidden, for=10.0.0.2", "10.0.0.2"},
    {"10.0.0.1", "for=\"_hidden:1\"", "10.0.0.1"},
    {"10.0.0.1", "for=192.0.2.1, proto=http", "10.0.0.1"},
    {"10.0.0.1", "for=\"\"", "10.0.0.1"},
    {"10.0.0.1", "for=\"2001:db8::1\"", "10.0.0.1"},
    {"10.0.0.1", "for=\"[192.0.2.1]\"", "10.0.0.1"},
    {"10.0.0.1", "for=\"192.0.2.1:\"", "10.0.0.1"},
    {"10.0.0.1", "for=\"192.0.2.1:123456\"", "10.0.0.1"},
    {"10.0.0.1", "for=\"192.0.2.1:_\"", "10.0.0.1"},
    {"10.0.0.1", "for=\"192.0.2.1:8x\"", "10.0.0.1"},
    {"10.0.0.1", "for=\"[2001:db8::1]x\"", "10.0.0.1"},
    {"10.0.0.1", "for=\"[2001:db8::1\"", "10.0.0.1"},
    {"10.0.0.1", "for=\"[]\"", "10.0.0.1"},
    {"10.0.0.1",
     "for=\"192.0.2.1000000000000000000000000000000000000000000000000000000"
     "00000000000000000\"",
     "10.0.0.1"},
    /* a malformed line is ignored and hides earlier lines */
    {"10.0.0.1", "for=192.0.2.1, for", "10.0.0.1"},
    {"10.0.0.1", "for=192.0.2.1, for=", "10.0.0.1"},
    {"10.0.0.1", "for=192.0.2.1, =", "10.0.0.1"},
    {"10.0.0.1", "for=192.0.2.1 for=192.0.2.2", "10.0.0.1"},
    {"10.0.0.1", "for=192.0.2.1; for=192.0.2.2", "10.0.0.1"},
    {"10.0.0.1", "for=192.0.2.1; proto=http; proto=http", "10.0.0.1"},
    {"10.0.0.1", "for=192.0.2.1:80", "10.0.0.1"},
    {"10.0.0.1", "for=[2001:db8::1]", "10.0.0.1"},
    {"10.0.0.1", "for = 192.0.2.1", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.1", "10.0.0.1"},
    {"10.0.0.1", "for=\"192.0.2.1", "10.0.0.1"},
    {"10.0.0.1", "for=\"192.0.2.1\\", "10.0.0.1"},
    {"10.0.0.1", "for=\"192.0.2.1\"x", "10.0.0.1"},
    {"10.0.0.1", "for=192.0.2.1\nfor=\"\nfor=10.0.0.2\n", "10.0.0.2"},
    /* a quote left open by a client does not affect the line of a proxy; within
     * the same line, the rest is untrusted */
    {"10.0.0.1", "for=1.2.3.4, for=\"\nfor=192.0.2.1\n", "192.0.2.1"},
    {"10.0.0.1", "for=1.2.3.4;a=\", for=192.0.2.1", "10.0.0.1"},
    {"10.0.0.1", "for=1.2.3.4, a=\", for=\"[2001:db8::1]\"", "10.0.0.1"},
};

static void check_rows(enum forwarded_header header, const struct row *rows,
                       size_t count)
{
    struct trusted_proxies *proxies = make(header);
    for (size_t i = 0; i < count; i++) {
        struct ip_address peer;
        char found[IP_ADDRESS_TEXT];
        struct bytes value = block_of(rows[i].value);
        assert_true(ip_address_parse(bytes_of(rows[i].peer), &peer));
        struct ip_address client =
            trusted_proxies_client(proxies, &peer, value);
        ip_address_print(&client, found);
        if (strcmp(found, rows[i].client) != 0)
            fail_msg("\"%s\": %s", rows[i].value, found);
        free((char *)value.data);
    }
    trusted_proxies_free(proxies);
}

static void the_client_is_the_last_untrusted_address(void **state)
{
    (void)state;
    check_rows(FORWARDED_X_FORWARDED_FOR, x_forwarded_for,
               sizeof x_forwarded_for / sizeof *x_forwarded_for);
    check_rows(FORWARDED_RFC7239, forwarded,
               sizeof forwarded / sizeof *forwarded);
}

/* Whether the client used TLS, according to proxies that write Forwarded. */
static const struct {
    const char *peer;
    const char *value;
    bool is_https;
} protos[] = {
    {"10.0.0.1", "for=192.0.2.1;proto=https", true},
    {"10.0.0.1", "proto=https", true},
    {"10.0.0.1", "for=unknown;PROTO=\"HTTPS\"", true},
    {"10.0.0.1", "", false},
    {"10.0.0.1", "for=192.0.2.1", false},
    {"10.0.0.1", "for=192.0.2.1;proto=http", false},
    {"10.0.0.1", "for=192.0.2.1;proto=httpsx", false},
    {"10.0.0.1", "for=192.0.2.1;host=\"proto=https\"", false},
    /* the client's connection, not one between proxies */
    {"10.0.0.1", "for=192.0.2.1;proto=https, for=10.0.0.2;proto=http", true},
    {"10.0.0.1", "for=192.0.2.1;proto=http, for=10.0.0.2;proto=https", false},
    {"10.0.0.1", "for=192.0.2.1;proto=http\nfor=10.0.0.2;proto=https", false},
    {"10.0.0.1", "for=10.0.0.3;proto=https, for=10.0.0.2;proto=http", true},
    /* entries written by the client never count */
    {"10.0.0.1", "for=1.1.1.1;proto=https, for=192.0.2.1;proto=http", false},
    {"10.0.0.1", "for=1.1.1.1;proto=http, for=192.0.2.1;proto=https", true},
    {"10.0.0.1", "for=1.1.1.1;proto=https\nfor=192.0.2.1", false},
    /* any entry is sufficient if nobody is trusted */
    {"192.0.2.9", "for=192.0.2.1;proto=https", true},
    {"192.0.2.9", "proto=https, proto=http", true},
    {"192.0.2.9", "proto=http", false},
};

static void forwarded_reports_tls(void **state)
{
    (void)state;
    struct trusted_proxies *proxies = make(FORWARDED_RFC7239);
    struct trusted_proxies *others = make(FORWARDED_X_FORWARDED_FOR);
    for (size_t i = 0; i < sizeof protos / sizeof *protos; i++) {
        struct ip_address peer;
        struct bytes value = block_of(protos[i].value);
        bool has_https = strcasestr(protos[i].value, ";proto=https") ||
                         strncmp(protos[i].value, "proto=https", 11) == 0 ||
                         strstr(protos[i].value, "HTTPS");
        assert_true(ip_address_parse(bytes_of(protos[i].peer), &peer));
        if (trusted_proxies_is_https(proxies, &peer, value) !=
            protos[i].is_https)
            fail_msg("\"%s\" from %s", protos[i].value, protos[i].peer);
        if (!strstr(protos[i].value, "httpsx"))
            assert_int_equal(trusted_proxies_is_https(others, &peer, value),
                             has_https);
        free((char *)value.data);
    }
    trusted_proxies_free(proxies);
    trusted_proxies_free(others);
}

/* Of very many, only the last ones are read. */
static void the_number_of_proxies_read_is_limited(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    static const char one[] = "for=10.0.0.2,";
    char *text = malloc(COUNT * sizeof one + 64);
    struct trusted_proxies *proxies = make(FORWARDED_RFC7239);
    struct ip_address peer;
    char found[IP_ADDRESS_TEXT];
    size_t len = (size_t)sprintf(text, "for=192.0.2.1,");
    assert_true(ip_address_parse(bytes_of("10.0.0.1"), &peer));
    for (size_t i = 0; i < COUNT; i++, len += sizeof one - 1)
        memcpy(text + len, one, sizeof one - 1);
    struct ip_address client =
        trusted_proxies_client(proxies, &peer, (struct bytes){text, len});
    ip_address_print(&client, found);
    assert_string_equal(found, "10.0.0.2");
    trusted_proxies_free(proxies);
    free(text);
}

static void without_ranges_nobody_is_trusted(void **state)
{
    (void)state;
    struct trusted_proxies *proxies =
        trusted_proxies_new(&(struct text_list){0}, FORWARDED_RFC7239);
    struct ip_address peer;
    assert_true(ip_address_parse(bytes_of("127.0.0.1"), &peer));
    assert_false(trusted_proxies_any(proxies));
    assert_false(trusted_proxies_has(proxies, &peer));
    trusted_proxies_free(proxies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_client_is_the_last_untrusted_address),
        cmocka_unit_test(forwarded_reports_tls),
        cmocka_unit_test(the_number_of_proxies_read_is_limited),
        cmocka_unit_test(without_ranges_nobody_is_trusted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
