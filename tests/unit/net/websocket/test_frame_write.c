#include "unit.h"

#include <stdlib.h>

#include "base/memory.h"
#include "messaging/frame.h"
#include "net/websocket/frame_write.h"

/* RFC 6455 section 5.2: the shortest form of the length, no mask. */
static void assert_header(size_t payload_len, const char *expected,
                          size_t expected_len)
{
    char header[FRAME_HEADER_MAX];
    size_t len = frame_write_header(header, FRAME_TEXT, payload_len);
    assert_int_equal(len, expected_len);
    assert_memory_equal(header, expected, len);
}

static void lengths_have_the_shortest_form(void **state)
{
    (void)state;
    assert_header(0, "\x81\x00", 2);
    assert_header(1, "\x81\x01", 2);
    assert_header(125, "\x81\x7d", 2);
    assert_header(126, "\x81\x7e\x00\x7e", 4);
    assert_header(127, "\x81\x7e\x00\x7f", 4);
    assert_header(256, "\x81\x7e\x01\x00", 4);
    assert_header(65535, "\x81\x7e\xff\xff", 4);
    assert_header(65536, "\x81\x7f\0\0\0\0\0\x01\0\0", 10);
    assert_header((size_t)1 << 32, "\x81\x7f\0\0\0\x01\0\0\0\0", 10);
}

static void the_opcode_has_the_final_bit(void **state)
{
    (void)state;
    char header[FRAME_HEADER_MAX];
    frame_write_header(header, FRAME_BINARY, 0);
    assert_int_equal((unsigned char)header[0], 0x82);
    frame_write_header(header, FRAME_CLOSE, 0);
    assert_int_equal((unsigned char)header[0], 0x88);
    frame_write_header(header, FRAME_PING, 0);
    assert_int_equal((unsigned char)header[0], 0x89);
}

static struct frame *make(enum payload_kind kind, struct bytes payload)
{
    struct buffer out = {0};
    frame_begin(&out);
    buffer_append(&out, payload);
    struct frame *frame = frame_wrap(&out, &frame_write_framing, kind);
    buffer_deinit(&out);
    return frame;
}

static void a_frame_is_header_and_payload(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 125, 126, 65535, 65536};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        char *payload = memory_new(sizes[i], 1);
        memset(payload, 'p', sizes[i]);
        struct frame *frame =
            make(PAYLOAD_TEXT, (struct bytes){payload, sizes[i]});
        char header[FRAME_HEADER_MAX];
        size_t header_len = frame_write_header(header, FRAME_TEXT, sizes[i]);
        assert_int_equal(frame_bytes(frame).len, header_len + sizes[i]);
        assert_memory_equal(frame_bytes(frame).data, header, header_len);
        assert_int_equal(frame_payload(frame).len, sizes[i]);
        assert_memory_equal(frame_payload(frame).data, payload, sizes[i]);
        frame_unref(frame);
        free(payload);
    }
}

static void the_length_of_a_frame_is_known(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 125, 126, 65535, 65536, 1 << 24};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        char header[FRAME_HEADER_MAX];
        size_t len = frame_write_header(header, FRAME_TEXT, sizes[i]);
        struct bytes start = {header, len};
        assert_int_equal(frame_write_framing.whole_len(start), len + sizes[i]);
    }
}

static void binary_payloads_are_binary_frames(void **state)
{
    (void)state;
    struct frame *frame = make(PAYLOAD_BINARY, BYTES_LITERAL("\0\xff"));
    assert_int_equal(frame_bytes(frame).len, 4);
    assert_memory_equal(frame_bytes(frame).data, "\x82\x02\0\xff", 4);
    frame_unref(frame);
}

static void a_close_frame_has_code_and_text(void **state)
{
    (void)state;
    char frame[FRAME_CONTROL_SIZE];
    assert_int_equal(frame_write_close(frame, 1000, "bye"), 7);
    assert_memory_equal(frame,
                        "\x88\x05\x03\xe8"
                        "bye",
                        7);
    assert_int_equal(frame_write_close(frame, FRAME_NO_STATUS, "bye"), 2);
    assert_memory_equal(frame, "\x88\x00", 2);
}

static void a_control_frame_has_its_payload(void **state)
{
    (void)state;
    char frame[FRAME_CONTROL_SIZE];
    char longest[FRAME_CONTROL_MAX] = {'x'};
    assert_int_equal(
        frame_write_control(frame, FRAME_PONG, BYTES_LITERAL("ab")), 4);
    assert_memory_equal(frame,
                        "\x8a\x02"
                        "ab",
                        4);
    assert_int_equal(
        frame_write_control(frame, FRAME_PING, (struct bytes){longest, 125}),
        FRAME_CONTROL_SIZE);
}

static void a_message_may_have_parts(void **state)
{
    (void)state;
    static const struct {
        bool is_first;
        bool is_last;
        unsigned char first_byte;
    } parts[] = {{true, true, 0x81},
                 {true, false, 0x01},
                 {false, false, 0x00},
                 {false, true, 0x80}};
    for (size_t i = 0; i < COUNT(parts); i++) {
        struct buffer out = {0};
        frame_begin(&out);
        buffer_append_text(&out, "part");
        size_t start = frame_write_framing.wrap_part(
            &out, PAYLOAD_TEXT, parts[i].is_first, parts[i].is_last);
        assert_int_equal((unsigned char)out.data[start], parts[i].first_byte);
        assert_int_equal(out.data[start + 1], 4);
        assert_int_equal(out.len - start, 6);
        buffer_deinit(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_have_the_shortest_form),
        cmocka_unit_test(the_opcode_has_the_final_bit),
        cmocka_unit_test(a_frame_is_header_and_payload),
        cmocka_unit_test(the_length_of_a_frame_is_known),
        cmocka_unit_test(a_message_may_have_parts),
        cmocka_unit_test(binary_payloads_are_binary_frames),
        cmocka_unit_test(a_close_frame_has_code_and_text),
        cmocka_unit_test(a_control_frame_has_its_payload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
