#include "unit.h"

#include <stdio.h>

#include "base/buffer.h"
#include "net/head_check.h"

#define GOOD "GET /a HTTP/1.1\r\nHost: x\r\n"

/* What is given on of a text that comes `step` bytes at a time. */
static struct buffer feed(struct head_check *check, const char *text,
                          size_t len, size_t step)
{
    struct buffer given = {0};
    while (len && !check->is_broken) {
        char piece[64];
        size_t size = step < len ? step : len;
        memcpy(piece, text, size);
        struct head_share share = head_check(check, piece, size);
        buffer_append(&given, (struct bytes){piece, share.given});
        text += share.taken;
        len -= share.taken;
    }
    return given;
}

static void assert_given(const char *text, const char *expected)
{
    for (size_t step = 1; step < 64; step++) {
        struct head_check check = {0};
        struct buffer given = feed(&check, text, strlen(text), step);
        assert_false(check.is_broken);
        assert_bytes(buffer_bytes(&given), expected);
        buffer_deinit(&given);
    }
}

#define assert_broken(text) assert_broken_(text, sizeof(text) - 1)

static void assert_broken_(const char *text, size_t len)
{
    for (size_t step = 1; step < 64; step++) {
        struct head_check check = {0};
        struct buffer given = feed(&check, text, len, step);
        assert_true(check.is_broken);
        assert_true(given.len < len);
        buffer_deinit(&given);
    }
}

static void good_requests_pass_unchanged(void **state)
{
    (void)state;
    const char *good[] = {
        GOOD "\r\n",
        GOOD "\r\n" GOOD "\r\n",
        GOOD "A: \t b c\xe4 \r\nX:\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\nPOST /b HTTP/1.1\r\nhOST: y\r\n\r\n",
        GOOD "Content-Length: 7 \r\n\r\nb: \r\n\r\n" GOOD "\r\n",
        GOOD "Content-Length: 0\r\n\r\n" GOOD "\r\n",
        GOOD "Transfer-Encoding: gzip\r\n\r\n3\r\nabc\r\nwhatever \0",
    };
    for (size_t i = 0; i < COUNT(good); i++)
        assert_given(good[i], good[i]);
}

static void what_means_nothing_is_left_out(void **state)
{
    (void)state;
    assert_given("\r\n\r\n" GOOD "\r\n", GOOD "\r\n");
    assert_given("GET http://x:80/a HTTP/1.1\r\nHost: x\r\n\r\n", GOOD "\r\n");
    assert_given("GET HTTPS://x/a HTTP/1.1\r\nHost: x\r\n\r\n", GOOD "\r\n");
}

static void doubtful_requests_are_refused(void **state)
{
    (void)state;
    assert_broken(" " GOOD "\r\n");
    assert_broken("get / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_broken("GET  / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_broken("GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_broken("GET / HTTP/2.0\r\nHost: x\r\n\r\n");
    assert_broken("GET / HTTP/1.10\r\nHost: x\r\n\r\n");
    assert_broken("GET /\r\nHost: x\r\n\r\n");
    assert_broken("GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_broken("GET / HTTP/1.1\nHost: x\n\n");
    assert_broken("GET / HTTP/1.1\r\n\r\n");
    assert_broken(GOOD "Host: x\r\n\r\n");
    assert_broken(GOOD "A : b\r\n\r\n");
    assert_broken(GOOD "A\t: b\r\n\r\n");
    assert_broken(GOOD ": b\r\n\r\n");
    assert_broken(GOOD "A b\r\n\r\n");
    assert_broken(GOOD " folded\r\n\r\n");
    assert_broken(GOOD "A: b\rC: d\r\n\r\n");
    assert_broken(GOOD "A: b\0\r\n\r\n");
    assert_broken(GOOD "A: b\r\n\rx");
}

static void one_good_length_there_may_be(void **state)
{
    (void)state;
    assert_broken(GOOD "Content-Length:\r\n\r\n");
    assert_broken(GOOD "Content-Length: -1\r\n\r\n");
    assert_broken(GOOD "Content-Length: +1\r\n\r\n");
    assert_broken(GOOD "Content-Length: 1 1\r\n\r\n");
    assert_broken(GOOD "Content-Length: 1,1\r\n\r\n");
    assert_broken(GOOD "Content-Length: 0x1\r\n\r\n");
    assert_broken(GOOD "Content-Length: 99999999999999999999\r\n\r\n");
    assert_broken(GOOD "Content-Length: 1\r\ncontent-length: 1\r\n\r\n");
    assert_broken(GOOD "Content-Length: 1\r\nTransfer-Encoding: x\r\n\r\n");
    assert_broken(GOOD "Transfer-Encoding: x\r\nContent-Length: 1\r\n\r\n");
}

static void it_stops_behind_each_request(void **state)
{
    (void)state;
    char text[] = GOOD "\r\n\x81\x80" GOOD;
    struct head_check check = {0};
    size_t head = sizeof GOOD "\r\n" - 1;
    assert_int_equal(head_check(&check, text, sizeof text).taken, head);
    char next[] = GOOD "Content-Length: 2\r\n\r\nab" GOOD;
    assert_int_equal(head_check(&check, next, sizeof next - 1).taken,
                     sizeof GOOD "Content-Length: 2\r\n\r\nab" - 1);
}

#define CHUNKED GOOD "Transfer-Encoding: chunked\r\n\r\n"

/* The end comes as a blank, and what stands behind it is another request. */
static void chunks_are_given_without_their_frames(void **state)
{
    (void)state;
    assert_given(CHUNKED "3\r\nabc\r\n0\r\n\r\n", CHUNKED "abc ");
    assert_given(CHUNKED "1;x\r\na\r\n1\r\nb\r\n0\r\nT: r\r\n\r\n" GOOD "\r\n",
                 CHUNKED "ab " GOOD "\r\n");
    assert_given(CHUNKED "0\r\n\r\n" CHUNKED "0\r\n\r\n",
                 CHUNKED " " CHUNKED " ");
    assert_broken(CHUNKED "3\r\nabcd\r\n0\r\n\r\n");
    assert_broken(CHUNKED "g\r\n");
}

static bool is_chunked(const char *fields)
{
    char text[256];
    struct head_check check = {0};
    int len = snprintf(text, sizeof text,
                       "POST / HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n", fields);
    struct buffer given = feed(&check, text, (size_t)len, 1);
    assert_int_equal(given.len, len);
    buffer_deinit(&given);
    return check.is_chunked;
}

static void only_chunked_by_itself_is_chunked(void **state)
{
    (void)state;
    assert_true(is_chunked("Transfer-Encoding: chunked"));
    assert_true(is_chunked("transfer-encoding:CHUNKED"));
    assert_true(is_chunked("Transfer-Encoding:\t chunked \t"));
    static const char *const rows[] = {
        "Transfer-Encoding: ",
        "Transfer-Encoding: chunke",
        "Transfer-Encoding: chunkedx",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked x",
        "Transfer-Encoding: chunked,",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: ",
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (is_chunked(rows[i]))
            fail_msg("was taken for chunked: %s", rows[i]);
}

static void the_old_version_has_no_chunks(void **state)
{
    (void)state;
    const char text[] = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "0\r\n\r\nGET /";
    assert_given(text, text);
}

static void it_says_when_a_chunked_body_is_over(void **state)
{
    (void)state;
    char text[] = CHUNKED "3\r\nabc\r\n0\r\n\r\n" GOOD;
    struct head_check check = {0};
    size_t behind = sizeof GOOD - 1;
    struct head_share share = head_check(&check, text, sizeof text - 1);
    assert_int_equal(share.taken, sizeof text - 1 - behind);
    assert_true(check.is_chunked && check.is_over);
    assert_int_equal(check.body_len, 4);
    head_check(&check, text + share.taken, behind);
    assert_false(check.is_chunked || check.is_over);
}

static void forwarded_headers_are_kept_for_their_request(void **state)
{
    (void)state;
    for (size_t step = 1; step < 64; step++) {
        struct head_check check = {0};
        const char *first = GOOD "Forwarded: for=a\r\nX-Forwarded: b\r\n"
                                 "FORWARDED:for=\"c\"\r\nForwardedx: d\r\n\r\n";
        const char *next = GOOD "\r\n";
        struct buffer given = feed(&check, first, strlen(first), step);
        assert_bytes(buffer_bytes(&given), first);
        assert_bytes(buffer_bytes(&check.forwarded),
                     " for=a\nfor=\"c\"\n");
        buffer_deinit(&given);
        given = feed(&check, next, strlen(next), step);
        assert_bytes(buffer_bytes(&check.forwarded), "");
        buffer_deinit(&given);
        head_check_deinit(&check);
    }
}

static bool finds_blank(const char *target)
{
    char text[128];
    struct head_check check = {0};
    int len = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n",
                       target);
    struct buffer given = feed(&check, text, (size_t)len, 1);
    assert_int_equal(given.len, len);
    buffer_deinit(&given);
    return check.has_blank;
}

static void a_blank_in_the_path_is_noted(void **state)
{
    (void)state;
    assert_true(finds_blank("/a%20b"));
    assert_true(finds_blank("/%2f%20"));
    assert_true(finds_blank("/%20?x"));
    assert_false(finds_blank("/a+b"));
    assert_false(finds_blank("/%2520"));
    assert_false(finds_blank("/%22%30"));
    assert_false(finds_blank("/a?b=%20"));
}

static unsigned traces_of(const char *fields)
{
    char text[256];
    struct head_check check = {.traces = 7};
    int len = snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: x\r\n%s\r\n",
                       fields);
    struct buffer given = feed(&check, text, (size_t)len, 1);
    assert_int_equal(given.len, len);
    buffer_deinit(&given);
    return check.traces;
}

static void traceparents_are_counted_for_each_request(void **state)
{
    (void)state;
    assert_int_equal(traces_of(""), 0);
    assert_int_equal(traces_of("Traceparent: a\r\n"), 1);
    assert_int_equal(traces_of("traceparent: a\r\nTRACEPARENT:b\r\n"), 2);
    assert_int_equal(traces_of("traceparents: a\r\ntraceparen: b\r\n"), 0);
}

static void a_percent_has_two_digits(void **state)
{
    (void)state;
    assert_broken("GET /% HTTP/1.1\r\n");
    assert_broken("GET /%2 HTTP/1.1\r\n");
    assert_broken("GET /%zz HTTP/1.1\r\n");
    assert_broken("GET /%2%20 HTTP/1.1\r\n");
    assert_broken("GET /?a=%2g HTTP/1.1\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_are_given_without_their_frames),
        cmocka_unit_test(only_chunked_by_itself_is_chunked),
        cmocka_unit_test(the_old_version_has_no_chunks),
        cmocka_unit_test(it_says_when_a_chunked_body_is_over),
        cmocka_unit_test(a_blank_in_the_path_is_noted),
        cmocka_unit_test(traceparents_are_counted_for_each_request),
        cmocka_unit_test(a_percent_has_two_digits),
        cmocka_unit_test(good_requests_pass_unchanged),
        cmocka_unit_test(what_means_nothing_is_left_out),
        cmocka_unit_test(doubtful_requests_are_refused),
        cmocka_unit_test(one_good_length_there_may_be),
        cmocka_unit_test(it_stops_behind_each_request),
        cmocka_unit_test(forwarded_headers_are_kept_for_their_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
