#include "unit.h"

#include "messaging/frame.h"

static size_t put_in_angles(struct buffer *out, enum payload_kind kind)
{
    out->data[FRAMING_ROOM - 1] = kind == PAYLOAD_BINARY ? '{' : '<';
    buffer_append_char(out, '>');
    return FRAMING_ROOM - 1;
}

static const struct framing angles = {.wrap = put_in_angles};

static struct frame *make(enum payload_kind kind, const char *payload)
{
    struct buffer out = {0};
    frame_begin(&out);
    buffer_append_text(&out, payload);
    struct frame *frame = frame_wrap(&out, &angles, kind);
    buffer_deinit(&out);
    return frame;
}

static void a_frame_knows_its_payload(void **state)
{
    (void)state;
    struct frame *frame = make(PAYLOAD_TEXT, "kept");
    assert_bytes(frame_bytes(frame), "<kept>");
    assert_bytes(frame_payload(frame), "kept");
    frame_unref(frame);
    frame = make(PAYLOAD_BINARY, "");
    assert_bytes(frame_bytes(frame), "{>");
    assert_bytes(frame_payload(frame), "");
    frame_unref(frame);
}

static void raw_frames_are_kept_as_they_are(void **state)
{
    (void)state;
    struct frame *frame = frame_new_raw(BYTES_LITERAL("<a><b>"));
    assert_bytes(frame_bytes(frame), "<a><b>");
    frame_unref(frame);
}

static void the_last_reference_frees(void **state)
{
    (void)state;
    struct frame *frame = make(PAYLOAD_TEXT, "kept");
    assert_ptr_equal(frame_ref(frame), frame);
    frame_unref(frame);
    assert_bytes(frame_payload(frame), "kept");
    frame_unref(frame);
    frame_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_knows_its_payload),
        cmocka_unit_test(raw_frames_are_kept_as_they_are),
        cmocka_unit_test(the_last_reference_frees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
