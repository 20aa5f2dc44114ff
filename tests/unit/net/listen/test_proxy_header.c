#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/listen/proxy_header.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
/* clang-format off */
#define V4 "\300\0\2\1" "\306\63\144\1" "\334\4\1\273"
/* clang-format on */
#define V6                                                                     \
    "\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1"                                     \
    "\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\2"                                     \
    "\334\4\1\273"
/* clang-format off */
#define BYTES(text) {text, sizeof(text) - 1}
/* clang-format on */

/* Reads from a block of exactly that size. */
static enum proxy_header_state read_block(const char *data, size_t len,
                                          struct proxy_header *header)
{
    char *block = malloc(len ? len : 1);
    assert_non_null(block);
    memcpy(block, data, len);
    enum proxy_header_state state =
        proxy_header_read((struct bytes){block, len}, header);
    free(block);
    return state;
}

static const struct {
    struct bytes header;
    const char *address; /* NULL: the proxy's own connection */
} good[] = {
    {BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"), "192.0.2.1"},
    {BYTES("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"),
     "255.255.255.255"},
    {BYTES("PROXY TCP6 2001:db8::1 2001:db8::2 0 1\r\n"), "2001:db8::1"},
    {BYTES("PROXY UNKNOWN\r\n"), NULL},
    {BYTES("PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n"), NULL},
    {BYTES(SIGNATURE "\x21\x11\0\14" V4), "192.0.2.1"},
    {BYTES(SIGNATURE "\x21\x21\0\44" V6), "2001:db8::1"},
    {BYTES(SIGNATURE "\x21\x11\0\23" V4 "\4\0\4abcd"), "192.0.2.1"},
    {BYTES(SIGNATURE "\x20\0\0\0"), NULL},
    {BYTES(SIGNATURE "\x20\x11\0\14" V4), NULL},
    {BYTES(SIGNATURE "\x20\xff\0\3xyz"), NULL}, /* LOCAL: the rest is skipped */
    {BYTES(SIGNATURE "\x21\0\0\0"), NULL},
};

static void assert_good(struct bytes data, size_t len, const char *address)
{
    struct proxy_header header;
    char found[IP_ADDRESS_TEXT] = "";
    assert_int_equal(read_block(data.data, data.len, &header),
                     PROXY_HEADER_GOOD);
    assert_int_equal(header.len, len);
    assert_int_equal(header.has_address, address != NULL);
    if (header.has_address)
        ip_address_print(&header.address, found);
    assert_string_equal(found, address ? address : "");
}

static void valid_headers_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct bytes header = good[i].header;
        char more[256];
        assert_good(header, header.len, good[i].address);
        /* the following bytes do not belong to it */
        memcpy(more, header.data, header.len);
        memcpy(more + header.len, "GET /\r\n", 7);
        assert_good((struct bytes){more, header.len + 7}, header.len,
                    good[i].address);
    }
}

static void every_incomplete_header_waits_for_more(void **state)
{
    (void)state;
    struct proxy_header header;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        for (size_t len = 0; len < good[i].header.len; len++)
            assert_int_equal(read_block(good[i].header.data, len, &header),
                             PROXY_HEADER_PARTIAL);
}

static const struct bytes bad[] = {
    BYTES("GET / HTTP/1.1\r\n"),
    BYTES("\x16\x03\x01"),
    BYTES("proxy TCP4"),
    BYTES("PROXY\r\n"),
    BYTES("PROXY \r\n"),
    BYTES("PROXY TCP4\r\n"),
    BYTES("PROXY TCP5 192.0.2.1 198.51.100.1 1 2\r\n"),
    BYTES("PROXY tcp4 192.0.2.1 198.51.100.1 1 2\r\n"),
    BYTES("PROXY  TCP4 192.0.2.1 198.51.100.1 1 2\r\n"),
    BYTES("PROXY TCP4  192.0.2.1 198.51.100.1 1 2\r\n"),
    BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 1 2 \r\n"),
    BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 1 2 3\r\n"),
    BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 1\r\n"),
    BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 1 65536\r\n"),
    BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 1 02\r\n"),
    BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 -1 2\r\n"),
    BYTES("PROXY TCP4 192.0.2.256 198.51.100.1 1 2\r\n"),
    BYTES("PROXY TCP4 192.0.2.1 x 1 2\r\n"),
    BYTES("PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n"),
    BYTES("PROXY TCP6 192.0.2.1 198.51.100.1 1 2\r\n"),
    BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 1 2\n"),
    BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 1 2\r\r\n"),
    BYTES(SIGNATURE "\x11\x11\0\14" V4), /* version 1 in the binary format */
    BYTES(SIGNATURE "\x22\x11\0\14" V4), /* unknown command */
    BYTES(SIGNATURE "\x21\x12\0\14" V4), /* UDP */
    BYTES(SIGNATURE "\x21\x11\0\13" V4), /* too short for its family */
    BYTES(SIGNATURE "\x21\x21\0\14" V4),
    BYTES(SIGNATURE "\x21\x31\0\14" V4),
    BYTES(SIGNATURE "\x21\x11\xff\xff"), /* longer than the limit */
};

static void invalid_headers_are_refused(void **state)
{
    (void)state;
    struct proxy_header header;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (read_block(bad[i].data, bad[i].len, &header) != PROXY_HEADER_BAD)
            fail_msg("%zu: %s", i, bad[i].data);
}

static void a_line_is_limited_in_length(void **state)
{
    (void)state;
    struct proxy_header header;
    char line[200] = "PROXY UNKNOWN ";
    memset(line + 14, 'x', sizeof line - 14);
    assert_int_equal(read_block(line, 106, &header), PROXY_HEADER_PARTIAL);
    assert_int_equal(read_block(line, 107, &header), PROXY_HEADER_BAD);
    line[105] = '\r', line[106] = '\n';
    assert_int_equal(read_block(line, 107, &header), PROXY_HEADER_GOOD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_headers_are_read),
        cmocka_unit_test(every_incomplete_header_waits_for_more),
        cmocka_unit_test(invalid_headers_are_refused),
        cmocka_unit_test(a_line_is_limited_in_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
