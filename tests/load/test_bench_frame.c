#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "bench_frame.h"

static struct bench_frame frame;

static size_t parse(const void *bytes, size_t len)
{
    return bench_frame_parse(bytes, len, &frame);
}

static void test_short_text(void **state)
{
    (void)state;
    assert_int_equal(parse("\x81\x05Hello", 7), 7);
    assert_int_equal(frame.opcode, BENCH_TEXT);
    assert_true(frame.final);
    assert_memory_equal(frame.data, "Hello", 5);
}

static void test_incomplete_frames_wait_for_more(void **state)
{
    unsigned char bytes[4 + 300] = {0x82, 126, 300 >> 8, 300 & 255};
    (void)state;
    for (size_t len = 0; len < sizeof bytes; len++)
        assert_int_equal(parse(bytes, len), 0);
    assert_int_equal(parse(bytes, sizeof bytes), sizeof bytes);
    assert_int_equal(frame.len, 300);
}

static void test_two_frames_in_one_buffer(void **state)
{
    const unsigned char bytes[] = "\x81\x01"
                                  "a"
                                  "\x81\x01"
                                  "b";
    (void)state;
    assert_int_equal(parse(bytes, 6), 3);
    assert_int_equal(parse(bytes + 3, 3), 3);
    assert_int_equal(frame.data[0], 'b');
}

static void test_64_bit_length(void **state)
{
    size_t len = 70000;
    unsigned char *bytes = calloc(1, len + 10);
    (void)state;
    memcpy(bytes, "\x81\x7f\0\0\0\0\0\x01\x11\x70", 10);
    assert_int_equal(parse(bytes, len + 10), len + 10);
    assert_int_equal(frame.len, len);
    free(bytes);
}

static void test_frames_that_servers_must_not_send(void **state)
{
    (void)state;
    /* masked; reserved bit; unknown opcode; cut ping; long close */
    assert_int_equal(parse("\x81\x81", 2), BENCH_FRAME_BAD);
    assert_int_equal(parse("\xc1\x01", 2), BENCH_FRAME_BAD);
    assert_int_equal(parse("\x83\x01", 2), BENCH_FRAME_BAD);
    assert_int_equal(parse("\x09\x01", 2), BENCH_FRAME_BAD);
    assert_int_equal(parse("\x88\x7e\x01\x00", 4), BENCH_FRAME_BAD);
}

static void test_an_excessive_length_is_bad_at_once(void **state)
{
    (void)state;
    assert_int_equal(parse("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 10),
                     BENCH_FRAME_BAD);
}

static void test_fragment_is_not_final(void **state)
{
    (void)state;
    assert_int_equal(parse("\x01\x01x", 3), 3);
    assert_false(frame.final);
    assert_int_equal(parse("\x80\x01y", 3), 3);
    assert_int_equal(frame.opcode, BENCH_CONTINUE);
    assert_true(frame.final);
}

/* The example of RFC 6455, 5.7. */
static void test_the_masked_hello_of_the_rfc(void **state)
{
    unsigned char out[32];
    (void)state;
    size_t len = bench_frame_write(out, BENCH_TEXT, 0x3d21fa37,
                                   (const unsigned char *)"Hello", 5);
    assert_int_equal(len, 11);
    assert_memory_equal(out, "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
                        11);
}

static void test_masking_twice_restores_any_length(void **state)
{
    unsigned char text[64], out[64 + BENCH_FRAME_HEAD];
    uint32_t mask = 0x01020304;
    (void)state;
    memset(text, 'z', sizeof text);
    for (size_t len = 0; len <= sizeof text; len++) {
        size_t whole = bench_frame_write(out, BENCH_TEXT, mask, text, len);
        assert_int_equal(whole, len + 6);
        for (size_t i = 0; i < len; i++)
            assert_int_equal(out[6 + i] ^ out[2 + i % 4], 'z');
    }
}

static void test_lengths_are_written_in_the_shortest_form(void **state)
{
    static unsigned char text[70000], out[70000 + BENCH_FRAME_HEAD];
    (void)state;
    bench_frame_write(out, BENCH_BINARY, 0, text, 125);
    assert_int_equal(out[1], 0x80 | 125);
    bench_frame_write(out, BENCH_BINARY, 0, text, 126);
    assert_memory_equal(out + 1, "\xfe\x00\x7e", 3);
    bench_frame_write(out, BENCH_BINARY, 0, text, 70000);
    assert_memory_equal(out + 1, "\xff\0\0\0\0\0\x01\x11\x70", 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short_text),
        cmocka_unit_test(test_incomplete_frames_wait_for_more),
        cmocka_unit_test(test_two_frames_in_one_buffer),
        cmocka_unit_test(test_64_bit_length),
        cmocka_unit_test(test_frames_that_servers_must_not_send),
        cmocka_unit_test(test_an_excessive_length_is_bad_at_once),
        cmocka_unit_test(test_fragment_is_not_final),
        cmocka_unit_test(test_the_masked_hello_of_the_rfc),
        cmocka_unit_test(test_masking_twice_restores_any_length),
        cmocka_unit_test(test_lengths_are_written_in_the_shortest_form),
    };
    return cmocka_run_group_tests_name("bench_frame", tests, NULL, NULL);
}
