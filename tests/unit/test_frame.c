#include "unit.h"

#include <stdlib.h>

#include "base/memory.h"
#include "messaging/frame.h"

/* RFC 6455 section 5.2: the shortest form of the length, no mask. */
static void assert_header(size_t payload_len, const char *expected,
                          size_t expected_len)
{
    char header[FRAME_HEADER_MAX];
    size_t len = frame_write_header(header, FRAME_TEXT, payload_len);
    assert_int_equal(len, expected_len);
    assert_memory_equal(header, expected, len);
}

static void lengths_take_the_shortest_form(void **state)
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

static void the_opcode_stands_with_the_final_bit(void **state)
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

static void a_frame_is_header_and_payload(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 125, 126, 65535, 65536};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        char *payload = memory_new(sizes[i], 1);
        memset(payload, 'p', sizes[i]);
        struct frame *frame =
            frame_new(FRAME_TEXT, (struct bytes){payload, sizes[i]});
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

static void raw_frames_are_kept_as_they_are(void **state)
{
    (void)state;
    struct frame *frame = frame_new_raw(BYTES_LITERAL("\x81\x01x\x81\x00"));
    assert_int_equal(frame_bytes(frame).len, 5);
    assert_memory_equal(frame_bytes(frame).data, "\x81\x01x\x81\x00", 5);
    frame_unref(frame);
}

static void a_frame_tells_where_it_ends(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 125, 126, 65535, 65536, 1 << 24};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        char header[FRAME_HEADER_MAX];
        size_t len = frame_write_header(header, FRAME_TEXT, sizes[i]);
        struct bytes start = {header, len};
        assert_int_equal(frame_whole_len(start), len + sizes[i]);
    }
}

static void the_last_reference_frees(void **state)
{
    (void)state;
    struct frame *frame = frame_new(FRAME_TEXT, BYTES_LITERAL("kept"));
    assert_ptr_equal(frame_ref(frame), frame);
    frame_unref(frame);
    assert_bytes(frame_payload(frame), "kept");
    frame_unref(frame);
    frame_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_take_the_shortest_form),
        cmocka_unit_test(the_opcode_stands_with_the_final_bit),
        cmocka_unit_test(a_frame_is_header_and_payload),
        cmocka_unit_test(raw_frames_are_kept_as_they_are),
        cmocka_unit_test(a_frame_tells_where_it_ends),
        cmocka_unit_test(the_last_reference_frees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
