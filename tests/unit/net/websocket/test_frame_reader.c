#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "fakes/frame_transcript.h"
#include "net/websocket/frame_reader.h"
#include "net/websocket/frame_write.h"

/* A zero mask, so that payloads are readable in the source. */
#define ZERO "\0\0\0\0"

static void assert_transcript(struct frame_transcript *transcript,
                              const char *expected)
{
    assert_string_equal(buffer_text(&transcript->text), expected);
    frame_transcript_deinit(transcript);
}

/* The same events however the stream is split: in two at every byte, and into
 * pieces of every length up to 40. */
static void assert_reads(struct bytes stream, const char *expected)
{
    for (size_t cut = 0; cut <= stream.len; cut++) {
        struct frame_transcript transcript = {0};
        frame_transcript_feed(&transcript, (struct bytes){stream.data, cut});
        frame_transcript_feed(&transcript, bytes_skip(stream, cut));
        assert_transcript(&transcript, expected);
    }
    for (size_t step = 1; step < 40; step++) {
        struct frame_transcript transcript = {0};
        frame_transcript_feed_in_steps(&transcript, stream, step);
        assert_transcript(&transcript, expected);
    }
}

#define READS(stream, expected) assert_reads(BYTES_LITERAL(stream), expected)

/* After a valid frame. */
#define IS_BAD(frame, code)                                                    \
    READS("\x81\x81" ZERO "a" frame, "text a .\nbad " code "\n")

static void messages_are_returned_unmasked(void **state)
{
    (void)state;
    READS("\x81\x80mask", "text  .\n");
    READS("\x82\x83mask\x0c\x03\x10", "binary abc .\n");
    READS("\x81\x83mask\x0c\x03\x10\x82\x81mask\x0c",
          "text abc .\nbinary a .\n");
    READS("\x82\x82" ZERO "\0\xff", "binary \\x00\\xff .\n");
}

static void fragments_have_the_kind_of_their_message(void **state)
{
    (void)state;
    READS("\x01\x81" ZERO "a\x00\x81" ZERO "b\x80\x80" ZERO,
          "text a +\ntext b +\ntext  .\n");
    READS("\x02\x80" ZERO "\x80\x82" ZERO "yz\x81\x80" ZERO,
          "binary  +\nbinary yz .\ntext  .\n");
}

static void control_frames_may_be_between_fragments(void **state)
{
    (void)state;
    READS("\x89\x80mask\x8a\x83mask\x0c\x03\x10", "ping \npong abc\n");
    READS("\x01\x81" ZERO "a\x89\x82" ZERO "hi\x8a\x80" ZERO "\x80\x81" ZERO
          "b",
          "text a +\nping hi\npong \ntext b .\n");
    READS("\x01\x81" ZERO "a\x88\x82" ZERO "\x03\xe8",
          "text a +\nclose 1000 \n");
}

static void the_longest_ping_waits_until_it_is_complete(void **state)
{
    (void)state;
    char frame[FRAME_HELD_MAX] = "\x89\xfd";
    struct frame_reader reader = {0};
    struct frame_piece piece;
    size_t taken;
    for (size_t len = 0; len < sizeof frame; len++) {
        assert_int_equal(frame_reader_next(&reader, frame, len, &taken, &piece),
                         FRAME_EVENT_MORE);
        assert_int_equal(taken, 0);
    }
    assert_int_equal(
        frame_reader_next(&reader, frame, sizeof frame, &taken, &piece),
        FRAME_EVENT_PING);
    assert_int_equal(taken, sizeof frame);
    assert_int_equal(piece.payload.len, 125);
    assert_ptr_equal(piece.payload.data, frame + 6);
}

static void invalid_frames_are_detected_at_any_split(void **state)
{
    (void)state;
    IS_BAD("\x81\x01x", "1002");     /* no mask */
    IS_BAD("\x89\x00", "1002");      /* no mask */
    IS_BAD("\x81\x7f", "1002");      /* no mask, and no length yet */
    IS_BAD("\xc1\x81maskx", "1002"); /* reserved bits */
    IS_BAD("\xa2\x81maskx", "1002");
    IS_BAD("\x99\x81maskx", "1002");
    IS_BAD("\x83\x81maskx", "1002"); /* reserved opcodes */
    IS_BAD("\x8b\x80mask", "1002");
    IS_BAD("\x80\x81maskx", "1002"); /* continues nothing */
    IS_BAD("\x00\x80mask", "1002");
    IS_BAD("\x09\x80mask", "1002"); /* fragmented control frames */
    IS_BAD("\x0a\x80mask", "1002");
    IS_BAD("\x08\x82mask\x03\xe8", "1002");
    IS_BAD("\x89\xfe\0\x7emask", "1002"); /* long control frames */
    IS_BAD("\x8a\xff\0\0\0\0\0\1\0\0", "1002");
    IS_BAD("\x88\xfe\0\5mask", "1002");
    IS_BAD("\x88\x81mask!", "1002"); /* an incomplete code */
}

static void a_message_cannot_start_within_another(void **state)
{
    (void)state;
    READS("\x01\x80mask\x81\x80mask", "text  +\nbad 1002\n");
    READS("\x01\x80mask\x02\x80mask", "text  +\nbad 1002\n");
    READS("\x02\x80mask\x00\x80mask\x82\x80mask",
          "binary  +\nbinary  +\nbad 1002\n");
}

/* The reader's result for the start of a frame. */
static enum frame_event judge(struct frame_reader reader, const char *data,
                              size_t len)
{
    char copy[16];
    size_t taken;
    struct frame_piece piece;
    memcpy(copy, data, len);
    enum frame_event event =
        frame_reader_next(&reader, copy, len, &taken, &piece);
    assert_int_equal(piece.code, event == FRAME_EVENT_BAD ? 1002 : 0);
    assert_true(event == FRAME_EVENT_DATA || taken == 0);
    return event;
}

static void every_first_byte_is_checked_alone(void **state)
{
    (void)state;
    static const char good[] = "\x81\x82\x01\x02\x88\x89\x8a";
    static const char good_within[] = "\x80\x00\x88\x89\x8a";
    for (int byte = 0; byte < 256; byte++) {
        char first = (char)byte;
        bool is_good = memchr(good, byte, sizeof good - 1);
        assert_int_equal(judge((struct frame_reader){0}, &first, 1),
                         is_good ? FRAME_EVENT_MORE : FRAME_EVENT_BAD);
        is_good = memchr(good_within, byte, sizeof good_within - 1);
        assert_int_equal(
            judge((struct frame_reader){.opcode = FRAME_TEXT}, &first, 1),
            is_good ? FRAME_EVENT_MORE : FRAME_EVENT_BAD);
    }
}

static void every_second_byte_is_checked_without_the_mask(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        bool is_masked = byte & 0x80;
        int len = byte & 0x7f;
        char head[2] = {'\x82', (char)byte};
        assert_int_equal(judge((struct frame_reader){0}, head, 2),
                         is_masked ? FRAME_EVENT_MORE : FRAME_EVENT_BAD);
        head[0] = '\x89';
        assert_int_equal(judge((struct frame_reader){0}, head, 2),
                         is_masked && len < 126 ? FRAME_EVENT_MORE
                                                : FRAME_EVENT_BAD);
        head[0] = '\x88';
        assert_int_equal(judge((struct frame_reader){0}, head, 2),
                         is_masked && len < 126 && len != 1 ? FRAME_EVENT_MORE
                                                            : FRAME_EVENT_BAD);
    }
}

/* The header of a binary frame without its mask. */
static size_t write_length(char head[10], uint64_t len, size_t field)
{
    head[0] = '\x82';
    head[1] = field == 8 ? '\xff' : '\xfe';
    for (size_t i = 0; i < field; i++)
        head[2 + i] = (char)(len >> 8 * (field - 1 - i));
    return 2 + field;
}

static void lengths_are_checked_without_the_mask(void **state)
{
    (void)state;
    static const struct {
        uint64_t len;
        size_t field;
        bool is_good;
    } lengths[] = {
        {0, 2, false},
        {1, 2, false},
        {125, 2, false},
        {126, 2, true},
        {UINT16_MAX, 2, true},
        {0, 8, false},
        {126, 8, false},
        {UINT16_MAX, 8, false},
        {UINT16_MAX + 1, 8, true},
        {UINT64_MAX >> 1, 8, true},
        {(UINT64_MAX >> 1) + 1, 8, false},
        {UINT64_MAX, 8, false},
    };
    for (size_t i = 0; i < COUNT(lengths); i++) {
        char head[10];
        size_t len = write_length(head, lengths[i].len, lengths[i].field);
        struct frame_reader reader = {0};
        assert_int_equal(judge(reader, head, len - 1), FRAME_EVENT_MORE);
        assert_int_equal(judge(reader, head, len), lengths[i].is_good
                                                       ? FRAME_EVENT_MORE
                                                       : FRAME_EVENT_BAD);
    }
}

static void a_huge_payload_is_announced_by_its_header(void **state)
{
    (void)state;
    char data[1000] = "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff" ZERO;
    struct frame_reader reader = {0};
    struct frame_piece piece;
    size_t taken;
    assert_int_equal(frame_reader_next(&reader, data, 14, &taken, &piece),
                     FRAME_EVENT_DATA);
    assert_int_equal(taken, 14);
    assert_int_equal(piece.payload.len, 0);
    assert_true(piece.remaining == UINT64_MAX >> 1);
    assert_false(piece.is_last);
    assert_int_equal(frame_reader_next(&reader, data, 0, &taken, &piece),
                     FRAME_EVENT_MORE);
    assert_int_equal(
        frame_reader_next(&reader, data, sizeof data, &taken, &piece),
        FRAME_EVENT_DATA);
    assert_ptr_equal(piece.payload.data, data);
    assert_int_equal(piece.payload.len, sizeof data);
    assert_true(piece.remaining == (UINT64_MAX >> 1) - sizeof data);
    assert_true(piece.is_binary && !piece.is_last);
}

static void a_close_frame_has_a_code_and_a_text(void **state)
{
    (void)state;
    READS("\x88\x80mask", "close 1005 \n");
    READS("\x88\x82mask\x6e\x89", "close 1000 \n");
    READS("\x88\x85" ZERO "\x0f\xa0"
          "bye",
          "close 4000 bye\n");
    READS("\x88\x84" ZERO "\x03\xe9\xc3\xa4", "close 1001 \\xc3\\xa4\n");
}

static void nothing_is_read_after_a_close_frame(void **state)
{
    (void)state;
    READS("\x88\x80mask\x89\x80mask", "close 1005 \n");
    READS("\x88\x80mask\xff\xff", "close 1005 \n");
    READS("\x88\x82" ZERO "\x03\xed\x89\x80mask", "bad 1002\n");
    char close[] = "\x88\x80mask\x81\x80mask";
    struct frame_reader reader = {0};
    struct frame_piece piece;
    size_t taken;
    assert_int_equal(frame_reader_next(&reader, close, 12, &taken, &piece),
                     FRAME_EVENT_CLOSE);
    assert_int_equal(taken, 6);
    assert_true(reader.is_over);
    assert_int_equal(frame_reader_next(&reader, close + 6, 6, &taken, &piece),
                     FRAME_EVENT_MORE);
    assert_int_equal(taken, 0);
}

/* RFC 6455 section 7.4 */
static void only_codes_that_may_be_sent_are_valid(void **state)
{
    (void)state;
    static const int good[][2] = {{1000, 1003}, {1007, 1014}, {3000, 4999}};
    for (int code = 0; code <= UINT16_MAX; code++) {
        char close[] = "\x88\x82" ZERO "xx";
        bool is_good = false;
        for (size_t i = 0; i < COUNT(good); i++)
            is_good |= code >= good[i][0] && code <= good[i][1];
        close[6] = (char)(code >> 8);
        close[7] = (char)code;
        struct frame_reader reader = {0};
        struct frame_piece piece;
        size_t taken;
        assert_int_equal(frame_reader_next(&reader, close, 8, &taken, &piece),
                         is_good ? FRAME_EVENT_CLOSE : FRAME_EVENT_BAD);
        assert_int_equal(piece.code, is_good ? code : 1002);
        assert_true(reader.is_over);
    }
}

static void a_reason_that_is_not_utf8_is_1007(void **state)
{
    (void)state;
    IS_BAD("\x88\x83" ZERO "\x03\xe8\xff", "1007");
    IS_BAD("\x88\x85" ZERO "\x03\xe8\xed\xa0\x80", "1007");
    IS_BAD("\x88\x86" ZERO "\x03\xe8"
           "ab\xe2\x82",
           "1007");
    IS_BAD("\x88\x83" ZERO "\x03\xed\xff",
           "1002"); /* the code is checked first */
}

/* Bytes around the payload must be unchanged. */
static void assert_unmasks(size_t shift, size_t len, size_t cut)
{
    static const char mask[] = "\x12\xab\x7f\x80";
    char data[96];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)(i * 37 + 11);
    char *frame = data + shift;
    memcpy(frame, "\x82\0", 2);
    frame[1] = (char)(0x80 | len);
    memcpy(frame + 2, mask, 4);
    char expected[sizeof data];
    memcpy(expected, data, sizeof data);
    for (size_t i = 0; i < len; i++)
        expected[shift + 6 + i] ^= mask[i % 4];
    struct frame_reader reader = {0};
    struct frame_piece piece;
    size_t taken;
    assert_int_equal(frame_reader_next(&reader, frame, 6 + cut, &taken, &piece),
                     FRAME_EVENT_DATA);
    assert_int_equal(taken, 6 + cut);
    if (cut < len) {
        size_t rest = sizeof data - shift - taken;
        assert_int_equal(
            frame_reader_next(&reader, frame + taken, rest, &taken, &piece),
            FRAME_EVENT_DATA);
        assert_int_equal(taken, len - cut);
        assert_ptr_equal(piece.payload.data, frame + 6 + cut);
    }
    assert_true(piece.is_last);
    assert_memory_equal(data, expected, sizeof data);
}

static void payloads_are_unmasked_at_every_offset_and_length(void **s)
{
    (void)s;
    for (size_t shift = 0; shift < 16; shift++)
        for (size_t len = 0; len <= 64; len++)
            for (size_t cut = 0; cut <= len; cut++)
                assert_unmasks(shift, len, cut);
}

/* ---- random frames ---------------------------------------------------- */

static uint64_t random_state;

/* xorshift64: the same numbers every time. */
static uint64_t random_below(uint64_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % limit;
}

static void append_masked(struct buffer *stream, uint8_t first,
                          struct bytes payload)
{
    char mask[4];
    buffer_append_char(stream, (char)first);
    size_t field = payload.len > UINT16_MAX ? 8 : payload.len > 125 ? 2 : 0;
    char marks[] = {[0] = (char)payload.len, [2] = 126, [8] = 127};
    buffer_append_char(stream, (char)(0x80 | marks[field]));
    while (field--)
        buffer_append_char(stream, (char)((uint64_t)payload.len >> 8 * field));
    for (size_t i = 0; i < sizeof mask; i++)
        mask[i] = (char)random_below(256);
    buffer_append(stream, (struct bytes){mask, sizeof mask});
    for (size_t i = 0; i < payload.len; i++)
        buffer_append_char(stream, (char)(payload.data[i] ^ mask[i % 4]));
}

/* Printable letters, which a transcript contains unchanged. */
static struct bytes random_payload(size_t longest)
{
    static char letters[70000];
    size_t len = random_below(longest + 1);
    for (size_t i = 0; i < len; i++)
        letters[i] = (char)('a' + random_below(26));
    return (struct bytes){letters, len};
}

static void append_control(struct buffer *stream, struct buffer *expected)
{
    struct bytes payload = random_payload(125);
    bool is_ping = random_below(2);
    append_masked(stream, 0x80 | (is_ping ? FRAME_PING : FRAME_PONG), payload);
    buffer_append_text(expected, is_ping ? "ping " : "pong ");
    buffer_append(expected, payload);
    buffer_append_char(expected, '\n');
}

static void append_message(struct buffer *stream, struct buffer *expected)
{
    bool is_binary = random_below(2);
    uint8_t opcode = is_binary ? FRAME_BINARY : FRAME_TEXT;
    for (bool is_last = false; !is_last; opcode = FRAME_CONTINUATION) {
        static const size_t longest[] = {5, 125, 130, 3000, 69999};
        is_last = random_below(3) == 0;
        struct bytes payload = random_payload(
            longest[random_below(random_below(20) ? 4 : COUNT(longest))]);
        append_masked(stream, (uint8_t)(opcode | (is_last ? 0x80 : 0)),
                      payload);
        buffer_append_text(expected, is_binary ? "binary " : "text ");
        buffer_append(expected, payload);
        buffer_append_text(expected, is_last ? " .\n" : " +\n");
        if (random_below(3) == 0)
            append_control(stream, expected);
    }
}

static void random_frames_are_restored_from_random_pieces(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct buffer stream = {0};
        struct buffer expected = {0};
        struct frame_transcript transcript = {0};
        random_state = seed;
        for (uint64_t left = 1 + random_below(12); left; left--)
            append_message(&stream, &expected);
        size_t longest = 1 + random_below(random_below(2) ? 20 : 5000);
        for (struct bytes rest = buffer_bytes(&stream); rest.len;) {
            size_t len = 1 + random_below(longest);
            len = len < rest.len ? len : rest.len;
            frame_transcript_feed(&transcript, (struct bytes){rest.data, len});
            rest = bytes_skip(rest, len);
        }
        assert_transcript(&transcript, buffer_text(&expected));
        buffer_deinit(&stream);
        buffer_deinit(&expected);
    }
}

static void a_reader_is_small(void **state)
{
    (void)state;
    assert_true(sizeof(struct frame_reader) <= 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_returned_unmasked),
        cmocka_unit_test(fragments_have_the_kind_of_their_message),
        cmocka_unit_test(control_frames_may_be_between_fragments),
        cmocka_unit_test(the_longest_ping_waits_until_it_is_complete),
        cmocka_unit_test(invalid_frames_are_detected_at_any_split),
        cmocka_unit_test(a_message_cannot_start_within_another),
        cmocka_unit_test(every_first_byte_is_checked_alone),
        cmocka_unit_test(every_second_byte_is_checked_without_the_mask),
        cmocka_unit_test(lengths_are_checked_without_the_mask),
        cmocka_unit_test(a_huge_payload_is_announced_by_its_header),
        cmocka_unit_test(a_close_frame_has_a_code_and_a_text),
        cmocka_unit_test(nothing_is_read_after_a_close_frame),
        cmocka_unit_test(only_codes_that_may_be_sent_are_valid),
        cmocka_unit_test(a_reason_that_is_not_utf8_is_1007),
        cmocka_unit_test(payloads_are_unmasked_at_every_offset_and_length),
        cmocka_unit_test(random_frames_are_restored_from_random_pieces),
        cmocka_unit_test(a_reader_is_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
