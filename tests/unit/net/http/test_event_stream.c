/* Conversion of payloads to events. */
#include "unit.h"

#include "messaging/frame.h"
#include "net/http/event_stream.h"

static void assert_event(const char *payload, const char *expected)
{
    struct buffer out = {0};
    frame_begin(&out);
    buffer_append_text(&out, payload);
    struct frame *frame = frame_wrap(&out, &event_stream_framing, PAYLOAD_TEXT);
    assert_bytes(frame_bytes(frame), expected);
    assert_int_equal(frame_payload(frame).len, strlen(payload));
    frame_unref(frame);
    buffer_deinit(&out);
}

static void an_event_has_its_type(void **state)
{
    (void)state;
    assert_event("{\"type\":\"broadcast\",\"payload\":1}",
                 "event: broadcast\n"
                 "data: {\"type\":\"broadcast\",\"payload\":1}\n");
}

static void a_payload_without_a_type_is_a_plain_message(void **state)
{
    (void)state;
    assert_event("", "data: \n");
    assert_event("{}", "data: {}\n");
    assert_event("{\"type\":7}", "data: {\"type\":7}\n");
    assert_event("{\"type\":\"", "data: {\"type\":\"\n");
    assert_event("{\"type\":\"a", "data: {\"type\":\"a\n");
    assert_event("{\"type\":\"\"}", "data: {\"type\":\"\"}\n");
    assert_event("{\"type\":\"a\\nid: 1\"}",
                 "data: {\"type\":\"a\\nid: 1\"}\n");
}

static void the_longest_type_fits(void **state)
{
    (void)state;
    assert_event("{\"type\":\"abcdefghijklmnopqrstuvwxyz01234\"}",
                 "event: abcdefghijklmnopqrstuvwxyz01234\n"
                 "data: {\"type\":\"abcdefghijklmnopqrstuvwxyz01234\"}\n");
    assert_event("{\"type\":\"abcdefghijklmnopqrstuvwxyz0123456789\"}",
                 "data: {\"type\":\"abcdefghijklmnopqrstuvwxyz0123456789\"}"
                 "\n");
}

/* A client's JSON is forwarded unchanged, including line ends between its
 * parts, which would end the event. */
static void line_ends_are_removed(void **state)
{
    (void)state;
    assert_event("{\"type\":\"x\",\"payload\":[1,\n\r\n\n2]}",
                 "event: x\ndata: {\"type\":\"x\",\"payload\":[1,    2]}\n");
}

static void the_length_of_an_event_is_known(void **state)
{
    (void)state;
    struct bytes two = BYTES_LITERAL("data: 1\nid: a\n\nevent: x\ndata: 2\n\n");
    size_t first = event_stream_framing.whole_len(two);
    assert_int_equal(first, 15);
    assert_int_equal(event_stream_framing.whole_len(bytes_skip(two, first)),
                     two.len - first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_has_its_type),
        cmocka_unit_test(a_payload_without_a_type_is_a_plain_message),
        cmocka_unit_test(the_longest_type_fits),
        cmocka_unit_test(line_ends_are_removed),
        cmocka_unit_test(the_length_of_an_event_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
