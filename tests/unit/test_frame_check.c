#include "unit.h"

#include "base/buffer.h"
#include "net/frame_check.h"

struct run {
    struct frame_check check;
    struct buffer passed; /* what was good */
    struct buffer pings;  /* each payload, and a bar */
};

static void on_ping(void *arg, struct bytes payload)
{
    struct run *run = arg;
    buffer_append(&run->pings, payload);
    buffer_append_char(&run->pings, '|');
}

static bool is_over(const struct run *run)
{
    return run->check.is_broken || run->check.is_over;
}

/* Gives the bytes `step` at a time, as a socket would: what was left comes
 * again with more behind it. */
static void feed(struct run *run, struct bytes bytes, size_t step)
{
    struct buffer waiting = {0};
    while (bytes.len && !is_over(run)) {
        size_t len = step < bytes.len ? step : bytes.len;
        buffer_append(&waiting, (struct bytes){bytes.data, len});
        bytes = bytes_skip(bytes, len);
        size_t good =
            frame_check(&run->check, waiting.data, waiting.len, on_ping, run);
        struct bytes rest = bytes_skip(buffer_bytes(&waiting), good);
        buffer_append(&run->passed, (struct bytes){waiting.data, good});
        memmove(waiting.data, rest.data, rest.len);
        waiting.len = rest.len;
        assert_true(is_over(run) || waiting.len <= FRAME_CHECK_HELD);
    }
    buffer_deinit(&waiting);
}

static void end(struct run *run)
{
    buffer_deinit(&run->passed);
    buffer_deinit(&run->pings);
}

#define FOR_EVERY_STEP(step) for (size_t step = 1; step < 40; step++)

static void assert_good(struct bytes bytes)
{
    FOR_EVERY_STEP(step)
    {
        struct run run = {0};
        feed(&run, bytes, step);
        assert_false(run.check.is_broken);
        assert_int_equal(run.passed.len, bytes.len);
        end(&run);
    }
}

/* The frame behind a good one. */
static void assert_bad(struct bytes frame)
{
    static const char good[] = "\x82\x81mask!";
    FOR_EVERY_STEP(step)
    {
        struct run run = {0};
        feed(&run, BYTES_LITERAL(good), step);
        feed(&run, frame, step);
        assert_true(run.check.is_broken);
        assert_int_equal(run.passed.len, sizeof good - 1);
        end(&run);
    }
}

static void good_frames_pass_unchanged(void **state)
{
    (void)state;
    assert_good(BYTES_LITERAL("\x81\x80mask\x82\x83mask123\x81\x80mask"));
    assert_good(BYTES_LITERAL("\x01\x81maska\x00\x81maskb\x80\x80mask"));
    assert_good(BYTES_LITERAL("\x01\x81maska\x8a\x81mask!\x80\x80mask"));
}

static void bad_frames_are_seen_wherever_they_are_cut(void **state)
{
    (void)state;
    assert_bad(BYTES_LITERAL("\x81\x01x"));          /* no mask */
    assert_bad(BYTES_LITERAL("\x89\x00"));           /* no mask */
    assert_bad(BYTES_LITERAL("\xc1\x81maskx"));      /* reserved bit */
    assert_bad(BYTES_LITERAL("\x83\x81maskx"));      /* reserved opcode */
    assert_bad(BYTES_LITERAL("\x8b\x80mask"));       /* reserved opcode */
    assert_bad(BYTES_LITERAL("\x80\x81maskx"));      /* continues nothing */
    assert_bad(BYTES_LITERAL("\x09\x80mask"));       /* fragmented ping */
    assert_bad(BYTES_LITERAL("\x89\xfe\0\x7emask")); /* long ping */
    assert_bad(BYTES_LITERAL("\x88\x81mask!"));      /* half a code */
    assert_bad(BYTES_LITERAL("\x81\xfe\0\x7dmask")); /* long length */
    assert_bad(BYTES_LITERAL("\x81\xff\0\0\0\0\0\0\xff\xffmask"));
    assert_bad(BYTES_LITERAL("\x81\xff\x80\0\0\0\0\0\0\0mask"));
}

static void a_message_does_not_begin_within_another(void **state)
{
    (void)state;
    struct run run = {0};
    feed(&run, BYTES_LITERAL("\x01\x80mask\x81\x80mask"), 3);
    assert_true(run.check.is_broken);
    assert_int_equal(run.passed.len, 6);
    end(&run);
}

static void each_ping_is_told_once_and_becomes_a_pong(void **state)
{
    (void)state;
    static const char pings[] = "\x89\x80mask\x89\x83mask\x0c\x03\x10"
                                "\x81\x81mask!\x89\x81mask\x0c";
    FOR_EVERY_STEP(step)
    {
        struct run run = {0};
        feed(&run, BYTES_LITERAL(pings), step);
        assert_bytes(buffer_bytes(&run.pings), "|abc|a|");
        assert_int_equal(run.passed.len, sizeof pings - 1);
        assert_int_equal((uint8_t)run.passed.data[0], 0x8a);
        assert_int_equal((uint8_t)run.passed.data[6], 0x8a);
        assert_int_equal((uint8_t)run.passed.data[15], 0x81);
        end(&run);
    }
}

static void nothing_counts_behind_a_close_frame(void **state)
{
    (void)state;
    FOR_EVERY_STEP(step)
    {
        struct run run = {0};
        feed(&run, BYTES_LITERAL("\x88\x80mask\x89\x80mask\xff\xff"), step);
        assert_true(run.check.is_over);
        assert_false(run.check.is_broken);
        assert_int_equal(run.passed.len, 6);
        assert_int_equal(run.pings.len, 0);
        end(&run);
    }
}

static void a_payload_may_be_huge(void **state)
{
    (void)state;
    struct frame_check check = {0};
    char head[] = "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xffmask";
    assert_int_equal(frame_check(&check, head, 14, on_ping, NULL), 14);
    assert_true(check.payload_left == UINT64_MAX >> 1);
    char payload[1000] = "\x01 is no header here";
    assert_int_equal(frame_check(&check, payload, 1000, on_ping, NULL), 1000);
    assert_true(check.payload_left == (UINT64_MAX >> 1) - 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_frames_pass_unchanged),
        cmocka_unit_test(bad_frames_are_seen_wherever_they_are_cut),
        cmocka_unit_test(a_message_does_not_begin_within_another),
        cmocka_unit_test(each_ping_is_told_once_and_becomes_a_pong),
        cmocka_unit_test(nothing_counts_behind_a_close_frame),
        cmocka_unit_test(a_payload_may_be_huge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
