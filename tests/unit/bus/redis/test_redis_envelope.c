#include "bus/redis/redis_envelope.h"
#include "messaging/store/epoch.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define EPOCH "0123456789abcdef"

static bool decode(const char *text, struct envelope *envelope)
{
    return redis_envelope_decode(bytes_of(text), envelope);
}

static void a_publication_is_read(void **state)
{
    (void)state;
    struct envelope envelope;
    assert_true(
        decode("P|" EPOCH "|12|1732345678901|alice|{\"a\":\"|\"}", &envelope));
    assert_int_equal(envelope.kind, ENVELOPE_PUBLICATION);
    assert_true(envelope.position.epoch == UINT64_C(0x0123456789abcdef));
    assert_int_equal(envelope.position.offset, 12);
    assert_true(envelope.time_ms == INT64_C(1732345678901));
    assert_bytes(envelope.from, "alice");
    assert_bytes(envelope.payload, "{\"a\":\"|\"}");
}

static void a_backend_has_an_empty_name(void **state)
{
    (void)state;
    struct envelope envelope;
    assert_true(decode("P|" EPOCH "|1|0||null", &envelope));
    assert_int_equal(envelope.from.len, 0);
    assert_bytes(envelope.payload, "null");
}

static void joins_and_leaves_are_read(void **state)
{
    (void)state;
    struct envelope envelope;
    assert_true(decode("J||0|5|bob|", &envelope));
    assert_int_equal(envelope.kind, ENVELOPE_JOIN);
    assert_bytes(envelope.from, "bob");
    assert_true(decode("L||0|5|bob|", &envelope));
    assert_int_equal(envelope.kind, ENVELOPE_LEAVE);
}

static void a_publication_may_have_event_info_and_trace(void **state)
{
    (void)state;
    struct envelope envelope;
#define HEAD  "P|" EPOCH "|1|0|"
#define TRACE "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert_true(decode(HEAD "alice;e=typing;i=7;" TRACE "|{\"a\":|}\"hi\"",
                       &envelope) == false);
    assert_true(
        decode(HEAD "alice;e=typing;i=9;" TRACE "|{\"a\":\"|\"}7", &envelope));
    assert_bytes(envelope.from, "alice");
    assert_bytes(envelope.event, "typing");
    assert_bytes(envelope.info, "{\"a\":\"|\"}");
    assert_bytes(envelope.trace, TRACE);
    assert_bytes(envelope.payload, "7");
    assert_true(decode(HEAD "a;e=App\\X %7c%3b|7", &envelope));
    assert_bytes(envelope.event, "App\\X |;");
    assert_true(decode(HEAD ";e=typing|7", &envelope));
    assert_int_equal(envelope.from.len, 0);
    assert_bytes(envelope.event, "typing");
    assert_true(decode(HEAD "a;i=2|{}[]", &envelope));
    assert_bytes(envelope.payload, "[]");
    assert_true(decode("J||0|5|bob|{\"a\":\"|;\"}", &envelope));
    assert_bytes(envelope.info, "{\"a\":\"|;\"}");
    assert_int_equal(envelope.payload.len, 0);
    static const char *const bad[] = {
        HEAD "a;e=|7",
        HEAD "a;e=a%zz|7",
        HEAD "a;e|7",
        HEAD "a;|7",
        HEAD "a;i=|7",
        HEAD "a;i=0|7",
        HEAD "a;i=99|{}7",
        HEAD "a;i=3|{} 7",
        HEAD "a;i=2|{}",
        HEAD "a;i=2;e=x|{}7",
        HEAD "a;e=x;e=y|7",
        HEAD "a;" TRACE ";" TRACE "|7",
        HEAD "a;" TRACE ";e=x|7",
        "J||0|5|bob|7",
        "J||0|5|bob|{} ",
        "L||0|5|bob|{}",
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(decode(bad[i], &envelope));
}

static void assert_comes_back(struct envelope envelope)
{
    struct buffer text = {0};
    struct envelope read;
    redis_envelope_encode(&envelope, &text);
    assert_true(redis_envelope_decode(buffer_bytes(&text), &read));
    assert_true(bytes_equal(read.target, envelope.target));
    assert_true(bytes_equal(read.from, envelope.from));
    assert_true(bytes_equal(read.event, envelope.event));
    assert_true(bytes_equal(read.info, envelope.info));
    assert_true(bytes_equal(read.trace, envelope.trace));
    assert_true(bytes_equal(read.payload, envelope.payload));
    buffer_deinit(&text);
}

static void ids_may_contain_separators(void **state)
{
    (void)state;
    static const char *const ids[] = {
        "a|b", "|",   "a;00-12",      "%7c",
        "%",   "{a}", "X|bob|9|1|i|", "\xf0\x9f\x98\x80|",
    };
    for (size_t i = 0; i < COUNT(ids); i++) {
        for (size_t j = 0; j < COUNT(ids); j++)
            assert_comes_back((struct envelope){
                .kind = ENVELOPE_DIRECT,
                .target = bytes_of(ids[i]),
                .from = bytes_of(ids[j]),
                .trace = BYTES_LITERAL("00-4bf92f3577b34da6a3ce929d0e0e4736-"
                                       "00f067aa0ba902b7-01"),
                .payload = BYTES_LITERAL("\"|\"")});
        assert_comes_back(
            (struct envelope){.kind = ENVELOPE_JOIN, .from = bytes_of(ids[i])});
    }
}

static void malformed_envelopes_are_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "P",
        "P|",
        "P|" EPOCH "|1|1|alice",  /* no separator before the payload */
        "P|" EPOCH "|1|1|alice|", /* an empty payload is not JSON */
        "P|" EPOCH "|1|1|alice|{",
        "P|" EPOCH "|1|1|alice|1 2",
        "P|" EPOCH "|0|1|alice|1", /* offsets start at 1 */
        "P|" EPOCH "|-1|1|alice|1",
        "P|" EPOCH "| 1|1|alice|1",
        "P|" EPOCH "|1.0|1|alice|1",
        "P|" EPOCH "||1|alice|1",
        "P|" EPOCH "|18446744073709551616|1|alice|1",
        "P|" EPOCH "|1|9223372036854775808|alice|1", /* exceeds int64 */
        "P|" EPOCH "|1|x|alice|1",
        "P|" EPOCH "|1|1|al\x1fice|1",
        "P|" EPOCH "|1|1|al\nice|1",
        "P|0123456789ABCDEF|1|1|alice|1", /* epochs are lower case */
        "P|0123456789abcde|1|1|alice|1",
        "P|0123456789abcdef0|1|1|alice|1",
        "P||1|1|alice|1",
        "p|" EPOCH "|1|1|alice|1",
        "PP|" EPOCH "|1|1|alice|1",
        "|" EPOCH "|1|1|alice|1",
        "Z|" EPOCH "|1|1|alice|1",
        "P|" EPOCH "|1|1|alice;|1",
        "P|" EPOCH "|1|1|alice;00-12|1",
        "P|" EPOCH "|1|1|alice;00-4bf92f3577b34da6a3ce929d0e0e4736-"
        "00f067aa0ba902b7-01;|1",
        "J||0|1|bob;00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01|",
        "J|" EPOCH "|0|1|bob|",
        "J||0|1||",
        "J||0|1|bob|x",
        "L||0|1|b\tb|",
        "D||0|1|alice|1",
        "D|b\nb|0|1|alice|1",
        "D|bob|0|1|a\x7f|1",
        "D|bob|0|1|alice|",
        "X|bob|0|1||",
        "X||0|1|i|",
        "C||0|1||",
        "C|b%41|0|1||",
        "C|b%7|0|1||",
        "C|b%7C|0|1||",
        "C|bob|0|1|alice|",
        "C|bob|0|1||\xff",
        "C|bob|0|1||"
        "0123456789012345678901234567890123456789012345678901234567890123456789"
        "012345678901234567890123456789012345678901234567890123",
        "U||0|1||room",
        "U|bob|0|1||",
        "U|bob|0|1||ro om",
        "U|bob|0|1|alice|room",
        "Q|bob|1|1||c",
        "A||1|1||{}",
        "A|bob|1|1|i|{}",
        "A||1|1|i|{",
        "A||1|1|i|",
    };
    struct envelope envelope;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (decode(rows[i], &envelope))
            fail_msg("was taken: %s", rows[i]);
    }
}

static void zero_bytes_do_not_end_a_text(void **state)
{
    (void)state;
    static const char text[] = "P|" EPOCH "|1|1|ali\0ce|1";
    struct envelope envelope;
    assert_false(redis_envelope_decode((struct bytes){text, sizeof text - 1},
                                       &envelope));
    assert_false(redis_envelope_decode((struct bytes){0}, &envelope));
}

static void written_envelopes_can_be_read(void **state)
{
    (void)state;
    struct buffer text = {0};
    struct envelope read;
    const struct envelope written = {
        .kind = ENVELOPE_DIRECT,
        .target = bytes_of("bob"),
        .time_ms = 77,
        .from = bytes_of("alice"),
        .payload = bytes_of("[1,\"|\"]"),
    };
    redis_envelope_encode(&written, &text);
    assert_bytes(buffer_bytes(&text), "D|bob|0|77|alice|[1,\"|\"]");
    assert_true(redis_envelope_decode(buffer_bytes(&text), &read));
    assert_int_equal(read.kind, ENVELOPE_DIRECT);
    assert_bytes(read.target, "bob");
    assert_bytes(read.from, "alice");
    assert_bytes(read.payload, "[1,\"|\"]");
    assert_true(read.time_ms == 77);
    buffer_deinit(&text);
}

static void control_messages_about_a_client_are_read(void **state)
{
    (void)state;
    struct envelope envelope;
    assert_true(decode("C|bob|0|1||the | end", &envelope));
    assert_int_equal(envelope.kind, ENVELOPE_DISCONNECT);
    assert_bytes(envelope.target, "bob");
    assert_bytes(envelope.payload, "the | end");
    assert_true(decode("C|bob|0|1||", &envelope));
    assert_bytes(envelope.payload, "");
    assert_true(decode("U|bob|0|1||room:1", &envelope));
    assert_int_equal(envelope.kind, ENVELOPE_REMOVE);
    assert_bytes(envelope.target, "bob");
    assert_bytes(envelope.payload, "room:1");
}

static void a_survey_and_its_answer_are_read(void **state)
{
    (void)state;
    struct envelope envelope;
    assert_true(decode("Q|bob|7|0|i|c", &envelope));
    assert_int_equal(envelope.kind, ENVELOPE_QUESTION);
    assert_bytes(envelope.target, "bob");
    assert_bytes(envelope.from, "i");
    assert_bytes(envelope.payload, "c");
    assert_true(envelope.position.offset == 7);
    assert_true(decode("Q||7|0|i|r", &envelope));
    assert_true(decode("A||7|0|i|{\"a\":\"|\"}", &envelope));
    assert_int_equal(envelope.kind, ENVELOPE_ANSWER);
    assert_bytes(envelope.payload, "{\"a\":\"|\"}");
}

#define TRACE "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

static void a_trace_follows_the_sender(void **state)
{
    (void)state;
    struct envelope envelope;
    assert_true(decode("P|" EPOCH "|3|4|alice;" TRACE "|5", &envelope));
    assert_bytes(envelope.from, "alice");
    assert_bytes(envelope.trace, TRACE);
    struct message *message =
        redis_envelope_message(&envelope, bytes_of("room"));
    assert_bytes(message_trace(message), TRACE);
    assert_bytes(message->from, "alice");
    message_unref(message);
    assert_true(decode("D|bob|0|4|;" TRACE "|5", &envelope));
    assert_int_equal(envelope.from.len, 0);
    struct buffer text = {0};
    redis_envelope_encode(&envelope, &text);
    assert_bytes(buffer_bytes(&text), "D|bob|0|4|;" TRACE "|5");
    buffer_deinit(&text);
}

static void an_envelope_becomes_a_message(void **state)
{
    (void)state;
    struct envelope envelope;
    assert_true(decode("P|" EPOCH "|3|4|alice|5", &envelope));
    struct message *message =
        redis_envelope_message(&envelope, bytes_of("room"));
    assert_int_equal(message->kind, MESSAGE_PUBLICATION);
    assert_int_equal(message->offset, 3);
    assert_true(message->time_ms == 4);
    assert_bytes(message->channel, "room");
    assert_bytes(message->from, "alice");
    assert_bytes(message->payload, "5");
    message_unref(message);
    assert_true(decode("L||0|5|bob|", &envelope));
    message = redis_envelope_message(&envelope, bytes_of("room"));
    assert_int_equal(message->kind, MESSAGE_LEAVE);
    message_unref(message);
}

static void epochs_have_sixteen_digits(void **state)
{
    (void)state;
    uint64_t epoch;
    assert_true(epoch_decode(bytes_of("ffffffffffffffff"), &epoch));
    assert_true(epoch == UINT64_MAX);
    assert_true(epoch_decode(bytes_of("0000000000000000"), &epoch));
    assert_true(epoch == 0);
    assert_false(epoch_decode(bytes_of("fffffffffffffffg"), &epoch));
    assert_false(epoch_decode(bytes_of("-fffffffffffffff"), &epoch));
    assert_false(epoch_decode(bytes_of(""), &epoch));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_publication_is_read),
        cmocka_unit_test(a_backend_has_an_empty_name),
        cmocka_unit_test(joins_and_leaves_are_read),
        cmocka_unit_test(ids_may_contain_separators),
        cmocka_unit_test(malformed_envelopes_are_refused),
        cmocka_unit_test(zero_bytes_do_not_end_a_text),
        cmocka_unit_test(written_envelopes_can_be_read),
        cmocka_unit_test(control_messages_about_a_client_are_read),
        cmocka_unit_test(a_survey_and_its_answer_are_read),
        cmocka_unit_test(a_trace_follows_the_sender),
        cmocka_unit_test(an_envelope_becomes_a_message),
        cmocka_unit_test(a_publication_may_have_event_info_and_trace),
        cmocka_unit_test(epochs_have_sixteen_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
