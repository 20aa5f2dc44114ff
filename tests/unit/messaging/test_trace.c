#include "unit.h"

#include "base/log.h"
#include "fakes/fake_client.h"
#include "fakes/fake_protocol.h"
#include "fakes/fake_stage.h"
#include "fakes/fake_stderr.h"
#include "messaging/hub.h"
#include "messaging/message.h"

#define ID     "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"
#define GOOD   "00-" ID "-" PARENT "-01"

static bool is_good(const char *text)
{
    struct bytes trace = trace_read(bytes_of(text));
    assert_true(trace.len == 0 || trace.len == TRACE_LEN);
    return trace.len > 0;
}

static void valid_headers_are_read(void **state)
{
    (void)state;
    static const char *const rows[] = {
        GOOD,
        "00-" ID "-" PARENT "-00",
        "00-" ID "-" PARENT "-ff",
        "01-" ID "-" PARENT "-01",      /* of a future version */
        "cc-" ID "-" PARENT "-01-what", /* with additional fields */
        "fe-" ID "-" PARENT "-01-",
        "00-0000000000000000000000000000000a-000000000000000b-01",
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (!is_good(rows[i]))
            fail_msg("was not taken: %s", rows[i]);
}

static void invalid_headers_are_not_read(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "00",
        "00-" ID "-" PARENT,
        "00-" ID "-" PARENT "-",
        "00-" ID "-" PARENT "-1",
        "00-" ID "-" PARENT "-01-", /* version 00 has no further fields */
        "00-" ID "-" PARENT "-011",
        "00-" ID "-" PARENT "-01 ",
        " 00-" ID "-" PARENT "-01",
        "ff-" ID "-" PARENT "-01", /* invalid version */
        "fF-" ID "-" PARENT "-01",
        "0x-" ID "-" PARENT "-01",
        "01-" ID "-" PARENT "-01what",
        "00_" ID "-" PARENT "-01",
        "00-" ID "_" PARENT "-01",
        "00-" ID "-" PARENT "_01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01", /* upper case */
        "00-" ID "-00F067AA0BA902B7-01",
        "00-" ID "-" PARENT "-0A",
        "00-4bf92f3577b34da6a3ce929d0e0e473g-" PARENT "-01",
        "00-00000000000000000000000000000000-" PARENT "-01",
        "00-" ID "-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473-000f067aa0ba902b7-01",
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (is_good(rows[i]))
            fail_msg("was taken: %s", rows[i]);
}

static void a_trace_may_be_a_json_string(void **state)
{
    (void)state;
    assert_bytes(trace_read_json(bytes_of("\"" GOOD "\"")), GOOD);
    assert_int_equal(trace_read_json(bytes_of(GOOD)).len, 0);
    assert_int_equal(trace_read_json(bytes_of("\"")).len, 0);
    assert_int_equal(trace_read_json((struct bytes){0}).len, 0);
    assert_int_equal(trace_read_json(bytes_of("null")).len, 0);
}

static void a_message_has_a_trace(void **state)
{
    (void)state;
    const struct message_parts parts = {
        .channel = BYTES_LITERAL("room"),
        .from = BYTES_LITERAL("alice"),
        .payload = BYTES_LITERAL("1"),
        .trace = trace_read(bytes_of("cc-" ID "-" PARENT "-01-x"))};
    struct message *traced = message_new_of(MESSAGE_PUBLICATION, &parts);
    struct message *plain =
        message_new(MESSAGE_PUBLICATION, BYTES_LITERAL("room"),
                    BYTES_LITERAL("alice"), BYTES_LITERAL("1"));
    assert_bytes(message_trace(traced), GOOD); /* rewritten as our version */
    assert_bytes(traced->payload, "1");
    assert_int_equal(message_trace(plain).len, 0);
    assert_int_equal(message_size(traced), message_size(plain) + TRACE_LEN);
    message_unref(traced);
    message_unref(plain);
}

/* ---- the log ---------------------------------------------------------- */

static void deliver(struct fake_instance *fake, const char *trace)
{
    const struct message_parts parts = {.channel = BYTES_LITERAL("room"),
                                        .payload = BYTES_LITERAL("1"),
                                        .trace = trace_read(bytes_of(trace))};
    struct message *message = message_new_of(MESSAGE_PUBLICATION, &parts);
    message->offset = 7;
    hub_deliver(fake->instance.hub, message);
    message_unref(message);
    fake_instance_turn(fake);
}

static unsigned count_lines(const char *text)
{
    unsigned lines = 0;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

static void each_instance_logs_a_delivery_once(void **state)
{
    (void)state;
    log_setup(LOG_INFO, LOG_FORMAT_TEXT);
    struct fake_instance *fake = fake_instance_new(3);
    struct fake_client *clients[3];
    for (unsigned i = 0; i < COUNT(clients); i++)
        clients[i] = fake_client_join(fake, i, &fake_protocol, "bob", "room");
    fake_instance_turn(fake);
    fake_stderr_begin();
    deliver(fake, GOOD);
    const char *line = fake_stderr_end();
    assert_int_equal(count_lines(line), 1);
    assert_non_null(strstr(line, "level=info message=\"Message delivered\" "
                                 "trace_id=" ID " parent_id=" PARENT
                                 " channel=room offset=7 connections=3\n"));
    fake_stderr_begin();
    deliver(fake, "00-" ID "-" PARENT "-00"); /* not sampled */
    deliver(fake, "");
    assert_string_equal(fake_stderr_end(), "");
    log_setup(LOG_ERROR, LOG_FORMAT_TEXT);
    for (unsigned i = 0; i < COUNT(clients); i++)
        fake_client_leave(clients[i]);
    fake_stderr_begin();
    log_setup(LOG_INFO, LOG_FORMAT_TEXT);
    deliver(fake, GOOD); /* no receivers */
    assert_string_equal(fake_stderr_end(), "");
    log_setup(LOG_ERROR, LOG_FORMAT_TEXT);
    fake_stage_close(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_headers_are_read),
        cmocka_unit_test(invalid_headers_are_not_read),
        cmocka_unit_test(a_trace_may_be_a_json_string),
        cmocka_unit_test(a_message_has_a_trace),
        cmocka_unit_test(each_instance_logs_a_delivery_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
