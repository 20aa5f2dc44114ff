#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/ip_address.h"

static struct ip_address parsed(const char *text)
{
    struct ip_address address;
    if (!ip_address_parse(bytes_of(text), &address))
        fail_msg("%s", text);
    return address;
}

static void assert_prints(const char *text, const char *expected)
{
    struct ip_address address = parsed(text);
    char out[IP_ADDRESS_TEXT];
    ip_address_print(&address, out);
    assert_string_equal(out, expected);
}

static void addresses_are_read_and_printed(void **state)
{
    (void)state;
    assert_prints("192.0.2.1", "192.0.2.1");
    assert_prints("::ffff:192.0.2.1", "192.0.2.1");
    assert_prints("2001:DB8:0::1", "2001:db8::1");
    assert_prints("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
                  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

static void other_texts_are_not_addresses(void **state)
{
    (void)state;
    /* clang-format off */
    static const char *const bad[] = {
        "", " ", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ",
        "1.2.3.4:5", "[::1]", "::1%lo", ":::", "localhost", "0x7f.1",
        "2130706433",
        "1111:1111:1111:1111:1111:1111:111.111.111.111111111111"};
    /* clang-format on */
    struct ip_address address;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (ip_address_parse(bytes_of(bad[i]), &address))
            fail_msg("%s", bad[i]);
    assert_false(ip_address_parse((struct bytes){"1.2.3.4\0", 8}, &address));
}

static void some_networks_are_private(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        bool is_private;
    } rows[] = {
        {"127.0.0.1", true},    {"127.255.0.1", true},
        {"10.1.2.3", true},     {"11.0.0.1", false},
        {"172.16.0.1", true},   {"172.31.255.255", true},
        {"172.32.0.1", false},  {"192.168.9.9", true},
        {"192.169.0.1", false}, {"100.64.0.1", true},
        {"169.254.1.1", true},  {"192.0.2.1", false},
        {"::1", true},          {"::2", false},
        {"fd12::1", true},      {"fe80::1", true},
        {"2001:db8::1", false}, {"::ffff:10.0.0.1", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ip_address address = parsed(rows[i].address);
        if (ip_address_is_private(&address) != rows[i].is_private)
            fail_msg("%s", rows[i].address);
    }
}

static void a_socket_of_either_family_has_an_address(void **state)
{
    (void)state;
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    struct sockaddr other = {.sa_family = AF_UNIX};
    struct ip_address none = {{0}}, found;
    inet_pton(AF_INET, "192.0.2.1", &v4.sin_addr);
    inet_pton(AF_INET6, "::ffff:192.0.2.1", &v6.sin6_addr);
    struct ip_address expected = parsed("192.0.2.1");
    found = ip_address_of_socket((struct sockaddr *)&v4);
    assert_memory_equal(&found, &expected, sizeof found);
    found = ip_address_of_socket((struct sockaddr *)&v6);
    assert_memory_equal(&found, &expected, sizeof found);
    found = ip_address_of_socket(&other);
    assert_memory_equal(&found, &none, sizeof found);
    char out[IP_ADDRESS_TEXT];
    ip_address_print(&none, out);
    assert_string_equal(out, "");
}

static void a_range_contains_addresses_with_its_prefix(void **state)
{
    (void)state;
    static const struct {
        const char *range;
        const char *address;
        bool inside;
    } rows[] = {
        {"10.0.0.0/8", "10.255.0.1", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.128.0.0/9", "10.127.255.255", false},
        {"10.128.0.0/9", "10.128.0.0", true},
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "192.0.2.2", false},
        {"192.0.2.1/32", "192.0.2.1", true},
        {"192.0.2.0/31", "192.0.2.1", true},
        {"192.0.2.0/31", "192.0.2.2", false},
        {"0.0.0.0/0", "255.1.2.3", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"::/0", "192.0.2.1", true},
        {"fd00::/8", "fdff::1", true},
        {"fd00::/8", "fe00::1", false},
        {"::1", "::1", true},
        {"::1", "::2", false},
        {"::ffff:10.0.0.0/104", "10.1.2.3", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ip_range range;
        struct ip_address address = parsed(rows[i].address);
        assert_true(ip_range_parse(rows[i].range, &range));
        if (ip_range_contains(&range, &address) != rows[i].inside)
            fail_msg("%s in %s", rows[i].address, rows[i].range);
    }
}

static void other_texts_are_not_ranges(void **state)
{
    (void)state;
    /* clang-format off */
    static const char *const bad[] = {
        "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08x", "10.0.0.0/-1",
        "10.0.0.0/ 8", "10.0.0.1/8", "::1/127", "::/129", "fd00::/0008",
        "10.0.0.0/8/8", "10/8", "localhost", "*"};
    /* clang-format on */
    struct ip_range range;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (ip_range_parse(bad[i], &range))
            fail_msg("%s", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_and_printed),
        cmocka_unit_test(other_texts_are_not_addresses),
        cmocka_unit_test(some_networks_are_private),
        cmocka_unit_test(a_socket_of_either_family_has_an_address),
        cmocka_unit_test(a_range_contains_addresses_with_its_prefix),
        cmocka_unit_test(other_texts_are_not_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
