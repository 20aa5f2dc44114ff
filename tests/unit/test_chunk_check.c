#include "unit.h"

#include "base/buffer.h"
#include "net/chunk_check.h"

/* The body of a text of chunks; `ended`: how many bytes it took, 0 where its
 * end has not come, -1 where it is broken. */
static struct buffer decode(const char *text, size_t len, long *ended)
{
    struct buffer body = {0};
    struct chunk_check check = {0};
    *ended = 0;
    for (size_t i = 0; i < len && !*ended; i++) {
        switch (chunk_check(&check, text[i])) {
        case CHUNK_BODY:
            buffer_append_char(&body, text[i]);
            break;
        case CHUNK_END:
            *ended = (long)i + 1;
            break;
        case CHUNK_BREAK:
            *ended = -1;
            break;
        case CHUNK_FRAMING:
            break;
        }
    }
    return body;
}

static void assert_body(const char *text, const char *expected)
{
    long ended;
    struct buffer body = decode(text, strlen(text), &ended);
    if (ended != (long)strlen(text))
        fail_msg("ended at %ld: %s", ended, text);
    assert_bytes(buffer_bytes(&body), expected);
    buffer_deinit(&body);
}

static void assert_broken(const char *text, size_t len)
{
    long ended;
    struct buffer body = decode(text, len, &ended);
    if (ended != -1)
        fail_msg("ended at %ld: %s", ended, text);
    buffer_deinit(&body);
}

static void chunks_are_joined(void **state)
{
    (void)state;
    assert_body("0\r\n\r\n", "");
    assert_body("5\r\nhello\r\n0\r\n\r\n", "hello");
    assert_body("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "hello");
    assert_body("A\r\n0123456789\r\n0\r\n\r\n", "0123456789");
    assert_body("0000a\r\n0123456789\r\n000\r\n\r\n", "0123456789");
    assert_body("4\r\n\r\n0\r\r\n0\r\n\r\n", "\r\n0\r");
}

static void extensions_and_trailers_are_ignored(void **state)
{
    (void)state;
    assert_body("2;a=b;c=\"d e\"\r\nhi\r\n0;x\r\n\r\n", "hi");
    assert_body("2\r\nhi\r\n0\r\nX-Sum: 12\r\nContent-Length:5\r\n\r\n", "hi");
}

static void what_could_be_read_in_two_ways_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "\r\n",
        ";a\r\n",
        "x\r\n",
        "-1\r\n",
        "+1\r\na\r\n",
        "0x5\r\nhello\r\n",
        "5 \r\nhello\r\n",
        " 5\r\nhello\r\n",
        "5\t\r\nhello\r\n",
        "5\nhello\r\n",
        "5\r\rhello",
        "5_0\r\n",
        "5,5\r\n",
        "5\r\nhello\n",           /* lines end in CR LF */
        "5\r\nhello0\r\n\r\n",
        "5\r\nhello\r0",
        "5\r\nhello\r\n\r\n",     /* a size is missing */
        "5;a\nb\r\nhello\r\n",
        "5;a\x7f\r\nhello\r\n",
        "5;a\rb\r\nhello\r\n",
        "1000000000000000\r\n",   /* more than fits */
        "0000000000000005\r\n",
        "ffffffffffffffff\r\n",
        "0\r\n\n",
        "0\r\n\rx",
        "0\r\n: x\r\n\r\n",
        "0\r\n x: y\r\n\r\n",
        "0\r\nx : y\r\n\r\n",
        "0\r\nx\r\n\r\n",
        "0\r\nGET / HTTP/1.1\r\n",
        "0\r\nx: y\r\n z\r\n\r\n", /* no line is folded */
        "0\r\nx: y\n\r\n",
        "0\r\nx: y\rz\r\n\r\n",
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_broken(rows[i], strlen(rows[i]));
    assert_broken("5\0\r\nhello", 9);
    assert_broken("0\r\nx: \0\r\n", 9);
}

/* `count` times the same between a start and an end. */
static long end_of(const char *start, const char *part, size_t count,
                   const char *end)
{
    long ended;
    struct buffer text = {0};
    buffer_append_text(&text, start);
    while (count--)
        buffer_append_text(&text, part);
    buffer_append_text(&text, end);
    struct buffer body = decode(text.data, text.len, &ended);
    bool is_whole = ended == (long)text.len;
    buffer_deinit(&text);
    buffer_deinit(&body);
    return is_whole ? 1 : ended;
}

static void what_is_ignored_is_bounded(void **state)
{
    (void)state;
    size_t max = CHUNK_EXTRA_BYTES;
    assert_int_equal(end_of("0;", "x", max, "\r\n\r\n"), 1);
    assert_int_equal(end_of("0;", "x", max + 1, "\r\n\r\n"), -1);
    assert_int_equal(end_of("", "1;xxx\r\na\r\n", max / 3, "0\r\n\r\n"), 1);
    assert_int_equal(end_of("", "1;xxx\r\na\r\n", max / 3 + 1, "0\r\n\r\n"),
                     -1);
    assert_int_equal(end_of("0\r\n", "a: b\r\n", max / 3, "\r\n"), 1);
    assert_int_equal(end_of("0\r\n", "a: b\r\n", max / 3 + 1, "\r\n"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_are_joined),
        cmocka_unit_test(extensions_and_trailers_are_ignored),
        cmocka_unit_test(what_could_be_read_in_two_ways_is_refused),
        cmocka_unit_test(what_is_ignored_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
