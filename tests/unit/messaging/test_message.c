#include "unit.h"

#include <pthread.h>

#include "messaging/message.h"
#include "net/websocket/frame_write.h"

static _Atomic unsigned encoded;

static void encode_payload(const struct message *message, struct buffer *out)
{
    encoded++;
    buffer_append_char(out, '<');
    buffer_append(out, message->payload);
    buffer_append_char(out, '>');
}

static const struct encoding marked = {.encode = encode_payload};

static struct message *make(void)
{
    encoded = 0;
    return message_new(MESSAGE_PUBLICATION, BYTES_LITERAL("news"),
                       BYTES_LITERAL("alice"), BYTES_LITERAL("{\"a\":1}"));
}

static void a_message_keeps_copies(void **state)
{
    (void)state;
    char channel[] = "news";
    struct message *message =
        message_new(MESSAGE_LEAVE, bytes_of(channel), BYTES_LITERAL("alice"),
                    (struct bytes){0});
    channel[0] = 'X';
    assert_int_equal(message->kind, MESSAGE_LEAVE);
    assert_bytes(message->channel, "news");
    assert_bytes(message->from, "alice");
    assert_bytes(message->payload, "");
    assert_int_equal(message->offset, 0);
    assert_true(message_size(message) >= sizeof *message + 9);
    message_unref(message);
}

static void the_frame_is_made_once(void **state)
{
    (void)state;
    struct message *message = make();
    struct frame *frame = message_frame(message, &marked, &frame_write_framing);
    assert_bytes(frame_payload(frame), "<{\"a\":1}>");
    assert_ptr_equal(message_frame(message, &marked, &frame_write_framing),
                     frame);
    assert_int_equal(encoded, 1);
    message_unref(message);
}

static void frames_go_with_the_last_delivery(void **state)
{
    (void)state;
    struct message *message = make(); /* as a history keeps it */
    message_share(message);
    message_share(message);
    struct frame *frame =
        frame_ref(message_frame(message, &marked, &frame_write_framing));
    message_unshare(message);
    assert_ptr_equal(message_frame(message, &marked, &frame_write_framing),
                     frame);
    message_unshare(message);
    for (unsigned i = 0; i < ENCODINGS_MAX; i++)
        for (unsigned j = 0; j < FRAMINGS_MAX; j++)
            assert_null(message->frames[i][j]);
    assert_bytes(frame_payload(frame), "<{\"a\":1}>"); /* in an outbox */
    frame_unref(frame);
    frame = message_new_frame(message, &marked, &frame_write_framing);
    assert_bytes(frame_payload(frame), "<{\"a\":1}>");
    assert_null(message->frames[0][0]);
    frame_unref(frame);
    message_unref(message);
}

static void each_encoding_has_a_frame_of_its_own(void **state)
{
    (void)state;
    struct message *message = make();
    struct frame *first = message_frame(message, &marked, &frame_write_framing);
    for (unsigned i = 1; i < ENCODINGS_MAX; i++) {
        struct encoding other = {.number = i, .encode = encode_payload};
        assert_ptr_not_equal(
            message_frame(message, &other, &frame_write_framing), first);
    }
    assert_int_equal(encoded, ENCODINGS_MAX);
    message_unref(message);
}

static size_t wrap_bare(struct buffer *out, enum payload_kind kind)
{
    (void)out;
    assert_int_equal(kind, PAYLOAD_BINARY);
    return FRAMING_ROOM;
}

static void each_framing_has_a_frame_of_its_own(void **state)
{
    (void)state;
    const struct framing bare = {.number = 1, .wrap = wrap_bare};
    const struct encoding binary = {.kind = PAYLOAD_BINARY,
                                    .encode = encode_payload};
    struct message *message = make();
    struct frame *framed =
        message_frame(message, &binary, &frame_write_framing);
    assert_bytes(frame_bytes(framed), "\x82\x09<{\"a\":1}>");
    assert_bytes(frame_bytes(message_frame(message, &binary, &bare)),
                 "<{\"a\":1}>");
    message_unref(message);
}

static void a_frame_may_outlive_its_message(void **state)
{
    (void)state;
    struct message *message = make();
    struct frame *frame =
        frame_ref(message_frame(message, &marked, &frame_write_framing));
    message_unref(message);
    assert_bytes(frame_payload(frame), "<{\"a\":1}>");
    frame_unref(frame);
}

static void the_last_reference_frees(void **state)
{
    (void)state;
    struct message *message = make();
    assert_ptr_equal(message_ref(message), message);
    message_unref(message);
    assert_bytes(message->from, "alice");
    message_unref(message);
    message_unref(NULL);
}

/* ---- several threads ---------------------------------------------- */

enum { THREADS = 4, MESSAGES = 2000 };

struct reader {
    pthread_barrier_t *start;
    struct message **messages;
    struct frame *frames[MESSAGES];
};

static void *read_all(void *arg)
{
    struct reader *reader = arg;
    pthread_barrier_wait(reader->start);
    for (int i = 0; i < MESSAGES; i++) {
        reader->frames[i] = frame_ref(
            message_frame(reader->messages[i], &marked, &frame_write_framing));
        message_unref(reader->messages[i]);
    }
    return NULL;
}

static void racing_threads_get_one_frame(void **state)
{
    (void)state;
    static struct message *messages[MESSAGES];
    static struct reader readers[THREADS];
    pthread_barrier_t start;
    pthread_t threads[THREADS];
    for (int i = 0; i < MESSAGES; i++) {
        messages[i] = make();
        for (int j = 1; j < THREADS; j++)
            message_ref(messages[i]);
    }
    pthread_barrier_init(&start, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        readers[i].start = &start;
        readers[i].messages = messages;
        pthread_create(&threads[i], NULL, read_all, &readers[i]);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < MESSAGES; i++) {
        for (int j = 1; j < THREADS; j++)
            assert_ptr_equal(readers[j].frames[i], readers[0].frames[i]);
        assert_bytes(frame_payload(readers[0].frames[i]), "<{\"a\":1}>");
        for (int j = 0; j < THREADS; j++)
            frame_unref(readers[j].frames[i]);
    }
    pthread_barrier_destroy(&start);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_keeps_copies),
        cmocka_unit_test(the_frame_is_made_once),
        cmocka_unit_test(frames_go_with_the_last_delivery),
        cmocka_unit_test(each_encoding_has_a_frame_of_its_own),
        cmocka_unit_test(each_framing_has_a_frame_of_its_own),
        cmocka_unit_test(a_frame_may_outlive_its_message),
        cmocka_unit_test(the_last_reference_frees),
        cmocka_unit_test(racing_threads_get_one_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
