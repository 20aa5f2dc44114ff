#include "unit.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "net/http/body_reader.h"

enum { NOT_CHUNKED = -1 };

struct outcome {
    enum body_result result;
    size_t at; /* bytes taken */
    struct buffer body;
};

/* Feeds a separate block of bytes until more are needed. */
static void feed(struct body_reader *reader, struct outcome *outcome,
                 struct bytes data)
{
    char *block = malloc(data.len + 1);
    if (data.len)
        memcpy(block, data.data, data.len);
    struct bytes rest = {block, data.len};
    do {
        size_t taken;
        struct bytes piece;
        outcome->result = body_reader_next(reader, rest, &taken, &piece);
        assert_true(taken <= rest.len && piece.len <= taken);
        assert_int_equal(outcome->result == BODY_PIECE, piece.len > 0);
        buffer_append(&outcome->body, piece);
        outcome->at += taken;
        rest = bytes_skip(rest, taken);
    } while (outcome->result == BODY_PIECE);
    free(block);
}

static struct outcome read_in_two(struct body_reader reader, struct bytes text,
                                  size_t cut)
{
    struct outcome outcome = {0};
    feed(&reader, &outcome, (struct bytes){text.data, cut});
    if (outcome.result == BODY_MORE)
        feed(&reader, &outcome, bytes_skip(text, cut));
    return outcome;
}

static struct outcome read_bytewise(struct body_reader reader,
                                    struct bytes text)
{
    struct outcome outcome = {0};
    feed(&reader, &outcome, (struct bytes){0});
    for (size_t i = 0; i < text.len && outcome.result == BODY_MORE; i++)
        feed(&reader, &outcome, (struct bytes){text.data + i, 1});
    return outcome;
}

static void assert_same(const struct outcome *whole, struct outcome cut)
{
    assert_int_equal(whole->result, cut.result);
    assert_int_equal(whole->at, cut.at);
    assert_true(
        bytes_equal(buffer_bytes(&whole->body), buffer_bytes(&cut.body)));
    buffer_deinit(&cut.body);
}

/* At once, byte by byte, and split at every byte. */
static struct outcome read_text(struct bytes text, long length)
{
    struct body_reader reader;
    body_reader_begin(&reader, length == NOT_CHUNKED,
                      length == NOT_CHUNKED ? 99 : (uint64_t)length);
    struct outcome whole = read_in_two(reader, text, text.len);
    assert_same(&whole, read_bytewise(reader, text));
    for (size_t cut = 0; cut < text.len; cut++)
        assert_same(&whole, read_in_two(reader, text, cut));
    return whole;
}

/* Bytes after the body do not belong to it. */
static void assert_body(const char *text, const char *expected)
{
    struct buffer more = {0};
    buffer_append_text(&more, text);
    buffer_append_text(&more, "GET / HTTP/1.1\r\n");
    struct outcome outcome = read_text(buffer_bytes(&more), NOT_CHUNKED);
    if (outcome.result != BODY_END || outcome.at != strlen(text))
        fail_msg("%d at %zu: %s", outcome.result, outcome.at, text);
    assert_bytes(buffer_bytes(&outcome.body), expected);
    buffer_deinit(&outcome.body);
    buffer_deinit(&more);
}

/* `at`: the number of valid bytes. */
static void assert_bad(struct bytes text, size_t at)
{
    struct outcome outcome = read_text(text, NOT_CHUNKED);
    if (outcome.result != BODY_BAD || outcome.at != at)
        fail_msg("%d at %zu, not %zu: %s", outcome.result, outcome.at, at,
                 text.data);
    buffer_deinit(&outcome.body);
    outcome = read_text((struct bytes){text.data, at}, NOT_CHUNKED);
    assert_int_equal(outcome.result, BODY_MORE);
    buffer_deinit(&outcome.body);
}

static void a_body_ends_at_its_length(void **state)
{
    (void)state;
    struct outcome outcome = read_text(BYTES_LITERAL("helloGET"), 5);
    assert_int_equal(outcome.result, BODY_END);
    assert_int_equal(outcome.at, 5);
    assert_bytes(buffer_bytes(&outcome.body), "hello");
    buffer_deinit(&outcome.body);
    outcome = read_text(BYTES_LITERAL("hell"), 5);
    assert_int_equal(outcome.result, BODY_MORE);
    assert_bytes(buffer_bytes(&outcome.body), "hell");
    buffer_deinit(&outcome.body);
}

static void an_empty_body_ends_at_once(void **state)
{
    (void)state;
    struct outcome outcome = read_text(BYTES_LITERAL("GET"), 0);
    assert_int_equal(outcome.result, BODY_END);
    assert_int_equal(outcome.at, 0);
    outcome = read_text((struct bytes){0}, 0);
    assert_int_equal(outcome.result, BODY_END);
}

static void nothing_is_read_after_the_end(void **state)
{
    (void)state;
    size_t taken;
    struct bytes piece;
    struct body_reader reader;
    body_reader_begin(&reader, true, 0);
    struct bytes text = BYTES_LITERAL("0\r\n\r\n");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(body_reader_next(&reader, text, &taken, &piece),
                         BODY_END);
        assert_int_equal(taken, i ? 0 : text.len);
    }
    body_reader_begin(&reader, true, 0);
    text = BYTES_LITERAL("x");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(body_reader_next(&reader, text, &taken, &piece),
                         BODY_BAD);
        assert_int_equal(taken, 0);
    }
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
    assert_body("000000000000001\r\na\r\n0\r\n\r\n", "a");
}

static void extensions_and_trailers_are_ignored(void **state)
{
    (void)state;
    assert_body("2;a=b;c=\"d e\"\r\nhi\r\n0;x\r\n\r\n", "hi");
    assert_body("2\r\nhi\r\n0\r\nX-Sum: 12\r\nContent-Length:5\r\nA:\r\n\r\n",
                "hi");
}

#define BAD(good, bad)                                                         \
    {                                                                          \
        BYTES_LITERAL(good bad), sizeof(good) - 1                              \
    }

static void ambiguous_bodies_are_refused(void **state)
{
    (void)state;
    static const struct {
        struct bytes text;
        size_t at;
    } rows[] = {
        BAD("", "\r\n"),
        BAD("", ";a\r\n"),
        BAD("", "x\r\n"),
        BAD("", "-1\r\n"),
        BAD("", "+1\r\na\r\n"),
        BAD("0", "x5\r\nhello\r\n"),
        BAD("5", " \r\nhello\r\n"),
        BAD("", " 5\r\nhello\r\n"),
        BAD("5", "\t\r\nhello\r\n"),
        BAD("5", "\nhello\r\n"),
        BAD("5\r", "\rhello"),
        BAD("5\r", "hello"),
        BAD("5", "_0\r\n"),
        BAD("5", ",5\r\n"),
        BAD("5", "\0\r\nhello"),
        BAD("5\r\nhello", "\n"),
        BAD("5\r\nhello", "0\r\n\r\n"),
        BAD("5\r\nhello\r", "0"),
        BAD("5\r\nhello\r\n", "\r\n"),
        BAD("5;", "\r\nhello\r\n"),
        BAD("5;", " a\r\nhello\r\n"),
        BAD("5;", "=a\r\nhello\r\n"),
        BAD("5;a", "\nb\r\nhello\r\n"),
        BAD("5;a", "\x7f\r\nhello\r\n"),
        BAD("5;a", "\0\r\nhello\r\n"),
        BAD("5;a\r", "b\r\nhello\r\n"),
        BAD("100000000000000", "0\r\n"),
        BAD("000000000000000", "5\r\n"),
        BAD("fffffffffffffff", "f\r\n"),
        BAD("0\r\n", "\n"),
        BAD("0\r\n\r", "x"),
        BAD("0\r\n", ": x\r\n\r\n"),
        BAD("0\r\n", " x: y\r\n\r\n"),
        BAD("0\r\nx", " : y\r\n\r\n"),
        BAD("0\r\nx", "\r\n\r\n"),
        BAD("0\r\nGET", " / HTTP/1.1\r\n"),
        BAD("0\r\nx: y\r\n", " z\r\n\r\n"),
        BAD("0\r\nx: y", "\n\r\n"),
        BAD("0\r\nx: y\r", "z\r\n\r\n"),
        BAD("0\r\nx: ", "\0\r\n"),
        BAD("0\r\nx", "\xe4:\r\n"),
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_bad(rows[i].text, rows[i].at);
}

/* `count` repetitions between a start and an end. */
static enum body_result end_of(const char *start, const char *part,
                               size_t count, const char *end)
{
    struct body_reader reader;
    struct outcome outcome = {0};
    struct buffer text = {0};
    buffer_append_text(&text, start);
    while (count--)
        buffer_append_text(&text, part);
    buffer_append_text(&text, end);
    body_reader_begin(&reader, true, 0);
    feed(&reader, &outcome, buffer_bytes(&text));
    buffer_deinit(&text);
    buffer_deinit(&outcome.body);
    return outcome.result;
}

static void ignored_parts_are_limited(void **state)
{
    (void)state;
    size_t max = BODY_EXTRA_BYTES;
    static const char chunk[] = "1;xxx\r\na\r\n";
    assert_int_equal(end_of("0;", "x", max, "\r\n\r\n"), BODY_END);
    assert_int_equal(end_of("0;", "x", max + 1, "\r\n\r\n"), BODY_BAD);
    assert_int_equal(end_of("", chunk, max / 3, "0\r\n\r\n"), BODY_END);
    assert_int_equal(end_of("", chunk, max / 3 + 1, "0\r\n\r\n"), BODY_BAD);
    assert_int_equal(end_of("0\r\n", "a: b\r\n", max / 3, "\r\n"), BODY_END);
    assert_int_equal(end_of("0\r\n", "a: b\r\n", max / 3 + 1, "\r\n"),
                     BODY_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_ends_at_its_length),
        cmocka_unit_test(an_empty_body_ends_at_once),
        cmocka_unit_test(nothing_is_read_after_the_end),
        cmocka_unit_test(chunks_are_joined),
        cmocka_unit_test(extensions_and_trailers_are_ignored),
        cmocka_unit_test(ambiguous_bodies_are_refused),
        cmocka_unit_test(ignored_parts_are_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
