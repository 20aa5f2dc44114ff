#include "unit.h"

#include <stdio.h>

#include "messaging/outbox.h"

static int64_t memory; /* held by all outboxes here */

static const struct limits limits = {.outbox_bytes = 100,
                                     .outbox_messages = 10};

/* Frames are raw here, so that their texts are readable. */
static enum outbox_result push(struct outbox *outbox, const char *text,
                               const void *topic)
{
    struct frame *frame = frame_new_raw(bytes_of(text));
    enum outbox_result result =
        outbox_push(outbox, frame, topic, &limits, &memory);
    frame_unref(frame);
    return result;
}

static void assert_takes(struct outbox *outbox, size_t bytes,
                         const char *expected)
{
    struct buffer out = {0};
    outbox_take(outbox, &out, bytes, &memory);
    assert_string_equal(buffer_text(&out), expected);
    buffer_deinit(&out);
}

static void frames_leave_in_order(void **state)
{
    (void)state;
    struct outbox outbox = {0};
    assert_true(outbox_is_empty(&outbox));
    assert_int_equal(push(&outbox, "one,", NULL), OUTBOX_QUEUED);
    assert_int_equal(push(&outbox, "two,", NULL), OUTBOX_QUEUED);
    assert_int_equal(push(&outbox, "three", NULL), OUTBOX_QUEUED);
    assert_false(outbox_is_empty(&outbox));
    assert_takes(&outbox, 1000, "one,two,three");
    assert_true(outbox_is_empty(&outbox));
}

static void only_whole_frames_are_taken(void **state)
{
    (void)state;
    struct outbox outbox = {0};
    push(&outbox, "one,", NULL);
    push(&outbox, "two,", NULL);
    push(&outbox, "three", NULL);
    assert_takes(&outbox, 5, "one,two,");
    assert_takes(&outbox, 1, "three");
    assert_takes(&outbox, 1, "");
}

static void the_ring_wraps(void **state)
{
    (void)state;
    struct outbox outbox = {0};
    char text[16];
    push(&outbox, "0,", NULL);
    for (int i = 1; i < 100; i++) {
        snprintf(text, sizeof text, "%d,", i);
        assert_int_equal(push(&outbox, text, NULL), OUTBOX_QUEUED);
        snprintf(text, sizeof text, "%d,", i - 1);
        assert_takes(&outbox, 1, text);
    }
    outbox_clear(&outbox, &memory);
}

static void it_grows_while_wrapped(void **state)
{
    (void)state;
    struct outbox outbox = {0};
    for (int i = 0; i < 6; i++)
        push(&outbox, "x", NULL);
    assert_takes(&outbox, 5, "xxxxx");
    for (char c = 'a'; c <= 'i'; c++) {
        char text[] = {c, '\0'};
        assert_int_equal(push(&outbox, text, NULL), OUTBOX_QUEUED);
    }
    assert_takes(&outbox, 100, "xabcdefghi");
}

static void the_count_is_limited(void **state)
{
    (void)state;
    struct outbox outbox = {0};
    for (uint32_t i = 0; i < limits.outbox_messages; i++)
        assert_int_equal(push(&outbox, "x", NULL), OUTBOX_QUEUED);
    assert_int_equal(push(&outbox, "x", NULL), OUTBOX_FULL);
    assert_int_equal(outbox_clear(&outbox, &memory), limits.outbox_messages);
}

static void the_bytes_are_limited(void **state)
{
    (void)state;
    struct outbox outbox = {0};
    char text[101];
    memset(text, 'x', sizeof text);
    text[99] = '\0';
    assert_int_equal(push(&outbox, text, NULL), OUTBOX_QUEUED);
    assert_int_equal(push(&outbox, "yy", NULL), OUTBOX_FULL);
    assert_int_equal(push(&outbox, "y", NULL), OUTBOX_QUEUED);
    assert_int_equal(push(&outbox, "y", NULL), OUTBOX_FULL);
    assert_int_equal(outbox_bytes(&outbox), 100);
    outbox_clear(&outbox, &memory);
}

static void a_newer_frame_of_a_topic_replaces_the_older(void **state)
{
    (void)state;
    struct outbox outbox = {0};
    static int a, b;
    assert_int_equal(push(&outbox, "a1,", &a), OUTBOX_QUEUED);
    assert_int_equal(push(&outbox, "plain,", NULL), OUTBOX_QUEUED);
    assert_int_equal(push(&outbox, "b1,", &b), OUTBOX_QUEUED);
    assert_int_equal(push(&outbox, "plain,", NULL), OUTBOX_QUEUED);
    assert_int_equal(push(&outbox, "a22,", &a), OUTBOX_SUPERSEDED);
    assert_int_equal(push(&outbox, "a3,", &a), OUTBOX_SUPERSEDED);
    assert_int_equal(outbox_count(&outbox), 4);
    assert_int_equal(outbox_bytes(&outbox), strlen("a3,plain,b1,plain,"));
    assert_takes(&outbox, 100, "a3,plain,b1,plain,");
}

static void a_full_outbox_still_takes_the_newest_of_a_topic(void **state)
{
    (void)state;
    struct outbox outbox = {0};
    static int topic;
    push(&outbox, "1", &topic);
    for (uint32_t i = 1; i < limits.outbox_messages; i++)
        push(&outbox, "x", NULL);
    assert_int_equal(push(&outbox, "2", &topic), OUTBOX_SUPERSEDED);
    assert_takes(&outbox, 1, "2");
    outbox_clear(&outbox, &memory);
}

static void replacing_respects_the_limit_of_bytes(void **state)
{
    (void)state;
    struct outbox outbox = {0};
    char big[100];
    static int topic;
    memset(big, 'x', sizeof big);
    big[99] = '\0';
    push(&outbox, "1", &topic);
    push(&outbox, "22", NULL);
    assert_int_equal(push(&outbox, big, &topic), OUTBOX_FULL);
    assert_int_equal(outbox_bytes(&outbox), 3);
    assert_takes(&outbox, 100, "122");
}

static void an_empty_outbox_holds_no_memory(void **state)
{
    (void)state;
    struct outbox outbox = {0};
    push(&outbox, "x", NULL);
    assert_takes(&outbox, 1, "x");
    assert_null(outbox.ring);
    push(&outbox, "x", NULL);
    assert_int_equal(outbox_clear(&outbox, &memory), 1);
    assert_null(outbox.ring);
    assert_int_equal(outbox_bytes(&outbox), 0);
    assert_int_equal(outbox_clear(&outbox, &memory), 0);
}

static void requested_frames_have_no_limit(void **state)
{
    (void)state;
    struct outbox outbox = {0};
    static char text[201];
    memset(text, 'x', sizeof text - 1);
    assert_int_equal(push(&outbox, text, outbox_requested), OUTBOX_QUEUED);
    assert_int_equal(push(&outbox, text, outbox_requested), OUTBOX_QUEUED);
    assert_int_equal(outbox_requested_bytes(&outbox), 400);
    for (uint32_t i = 0; i < limits.outbox_messages; i++)
        assert_int_equal(push(&outbox, "0123456789", NULL), OUTBOX_QUEUED);
    assert_int_equal(push(&outbox, "x", NULL), OUTBOX_FULL);
    assert_int_equal(push(&outbox, text, outbox_requested), OUTBOX_QUEUED);
    outbox_clear(&outbox, &memory);
    assert_int_equal(outbox_requested_bytes(&outbox), 0);
}

static void a_held_outbox_is_not_empty(void **state)
{
    (void)state;
    struct outbox outbox = {0};
    outbox_hold(&outbox);
    assert_false(outbox_is_empty(&outbox));
    assert_int_equal(outbox_count(&outbox), 0);
    for (int i = 0; i < 9; i++) /* more than the initial capacity */
        push(&outbox, "x", NULL);
    assert_true(outbox_is_held(&outbox));
    outbox_release(&outbox);
    assert_takes(&outbox, 100, "xxxxxxxxx");
    assert_true(outbox_is_empty(&outbox));
    outbox_hold(&outbox);
    outbox_release(&outbox);
    assert_true(outbox_is_empty(&outbox));
    outbox_hold(&outbox);
    assert_int_equal(outbox_clear(&outbox, &memory), 0);
    assert_true(outbox_is_empty(&outbox));
}

static void a_shared_frame_is_held_once(void **state)
{
    (void)state;
    struct outbox first = {0};
    struct outbox second = {0};
    struct frame *frame = frame_new_raw(BYTES_LITERAL("12345"));
    memory = 0;
    outbox_push(&first, frame, NULL, &limits, &memory);
    outbox_push(&second, frame, NULL, &limits, &memory);
    assert_int_equal(memory, 5);
    outbox_clear(&first, &memory);
    assert_int_equal(memory, 5);
    assert_takes(&second, 100, "12345");
    assert_int_equal(memory, 0);
    frame_unref(frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_leave_in_order),
        cmocka_unit_test(requested_frames_have_no_limit),
        cmocka_unit_test(a_held_outbox_is_not_empty),
        cmocka_unit_test(a_shared_frame_is_held_once),
        cmocka_unit_test(only_whole_frames_are_taken),
        cmocka_unit_test(the_ring_wraps),
        cmocka_unit_test(it_grows_while_wrapped),
        cmocka_unit_test(the_count_is_limited),
        cmocka_unit_test(the_bytes_are_limited),
        cmocka_unit_test(a_newer_frame_of_a_topic_replaces_the_older),
        cmocka_unit_test(a_full_outbox_still_takes_the_newest_of_a_topic),
        cmocka_unit_test(replacing_respects_the_limit_of_bytes),
        cmocka_unit_test(an_empty_outbox_holds_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
