#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "fakes/fake_client.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_protocol.h"
#include "fakes/fake_stage.h"
#include "fakes/fake_stderr.h"
#include "messaging/channel.h"
#include "messaging/deliveries.h"
#include "messaging/lifecycle.h"
#include "messaging/operations.h"
#include "messaging/slow_reader.h"

static struct fake_instance *fake;
static struct fake_client *alice;

static int set_up(void **state)
{
    (void)state;
    fake_clock_stop();
    fake = fake_stage_open(1);
    alice = fake_client_join(fake, 0, &fake_protocol, "alice", NULL);
    fake_protocol_notes();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    log_setup(LOG_ERROR, LOG_FORMAT_TEXT);
    if (alice)
        fake_client_leave(alice);
    fake_stage_close(fake);
    return 0;
}

static void receive(const char *piece, size_t remaining, bool is_final)
{
    connection_receive(alice->connection, bytes_of(piece), remaining, is_final,
                       false);
}

static void send_reply(const char *text)
{
    struct buffer *reply = connection_reply_begin(alice->connection);
    buffer_append_text(reply, text);
    connection_reply_end(alice->connection, PAYLOAD_TEXT);
}

static void assert_closed(enum close_reason reason)
{
    fake_instance_turn(fake);
    assert_int_equal(alice->socket.closes, 1);
    assert_int_equal(alice->socket.close_reason, reason);
}

static void assert_open(void)
{
    fake_instance_turn(fake);
    assert_int_equal(alice->socket.closes, 0);
    assert_false(alice->connection->is_closing);
}

static uint64_t metric(enum metric metric)
{
    return fake_instance_metric(fake, metric);
}

/* ---- receiving ---------------------------------------------------- */

static void a_whole_message_reaches_the_protocol(void **state)
{
    (void)state;
    receive("hello", 0, true);
    connection_receive(alice->connection, BYTES_LITERAL("bits"), 0, true, true);
    receive("", 0, true);
    assert_string_equal(fake_protocol_notes(),
                        "alice: text hello\nalice: binary bits\n"
                        "alice: text \n");
    assert_int_equal(metric(METRIC_MESSAGES_IN), 3);
    assert_int_equal(metric(METRIC_BYTES_IN), 9);
}

static void pieces_are_joined(void **state)
{
    (void)state;
    receive("one ", 4, false); /* 4 more bytes of this frame */
    receive("two ", 0, false); /* the next frame starts */
    receive("", 0, false);
    assert_string_equal(fake_protocol_notes(), "");
    receive("three", 0, true);
    receive("next", 0, true);
    assert_string_equal(fake_protocol_notes(),
                        "alice: text one two three\nalice: text next\n");
    assert_int_equal(metric(METRIC_MESSAGES_IN), 2);
}

static void empty_fragments_are_an_empty_message(void **state)
{
    (void)state;
    receive("", 0, false);
    receive("", 0, true);
    assert_string_equal(fake_protocol_notes(), "alice: text \n");
    assert_open();
}

static void a_message_of_exactly_the_limit_passes(void **state)
{
    (void)state;
    fake->options.limits.message_bytes = 10;
    receive("0123456789", 0, true);
    receive("01234", 5, false);
    receive("56789", 0, true);
    assert_string_equal(fake_protocol_notes(),
                        "alice: text 0123456789\nalice: text 0123456789\n");
    assert_open();
}

static void a_too_large_message_closes(void **state)
{
    (void)state;
    fake->options.limits.message_bytes = 10;
    receive("01234567890", 0, true);
    assert_closed(CLOSE_TOO_BIG);
    assert_string_equal(fake_protocol_notes(), "");
    assert_int_equal(metric(METRIC_LIMIT_MESSAGE_BYTES), 1);
}

static void an_announced_too_large_frame_closes_at_its_first_piece(void **state)
{
    (void)state;
    fake->options.limits.message_bytes = 10;
    receive("01234", 6, false);
    assert_closed(CLOSE_TOO_BIG);
    assert_null(alice->connection->extra->partial);
}

static void fragments_may_be_too_large_together(void **state)
{
    (void)state;
    fake->options.limits.message_bytes = 10;
    receive("01234", 0, false);
    receive("56789", 0, false);
    assert_open();
    receive("0", 0, true);
    assert_closed(CLOSE_TOO_BIG);
    assert_string_equal(fake_protocol_notes(), "");
}

static void a_length_near_the_integer_limit_is_too_large(void **state)
{
    (void)state;
    receive("01234", SIZE_MAX / 2, false);
    assert_closed(CLOSE_TOO_BIG);
}

static void nothing_is_received_while_closing(void **state)
{
    (void)state;
    connection_close(alice->connection, CLOSE_FORBIDDEN);
    receive("hello", 0, true);
    assert_string_equal(fake_protocol_notes(), "");
    assert_int_equal(metric(METRIC_MESSAGES_IN), 0);
    fake_instance_turn(fake);
    receive("hello", 0, true);
    assert_string_equal(fake_protocol_notes(), "");
}

static void the_rate_is_limited(void **state)
{
    (void)state;
    fake->options.limits.messages_per_second = 3;
    for (int i = 0; i < 3; i++)
        receive("x", 0, true);
    fake_clock_advance(400);
    receive("x", 0, true);
    assert_open();
    receive("one more", 0, true);
    assert_closed(CLOSE_RATE_LIMIT);
    assert_int_equal(metric(METRIC_LIMIT_RATE), 1);
    assert_null(strstr(fake_protocol_notes(), "one more"));
}

/* Three per allowed channel. */
static void the_opening_burst_is_limited(void **state)
{
    (void)state;
    fake->options.limits.channels_per_connection = 5;
    for (int i = 0; i < 15; i++)
        assert_true(connection_take_opening(alice->connection));
    assert_false(connection_take_opening(alice->connection));
    fake->options.limits.channels_per_connection = 100000;
    while (connection_take_opening(alice->connection))
        ;
    assert_int_equal(alice->connection->opening_taken, 16383);
}

/* ---- sending ------------------------------------------------------ */

static void a_reply_is_written_at_the_end_of_the_turn(void **state)
{
    (void)state;
    send_reply("hello");
    assert_int_equal(alice->socket.writes, 0);
    fake_instance_turn(fake);
    assert_int_equal(alice->socket.writes, 1);
    assert_string_equal(fake_client_hear(alice), "hello");
    assert_int_equal(metric(METRIC_MESSAGES_OUT), 1);
    assert_int_equal(metric(METRIC_BYTES_OUT), 7);
    assert_false(alice->socket.wants_writable);
}

static void replies_of_any_length_have_the_right_header(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 125, 126, 65535, 65536, 100000};
    static char text[100001];
    for (size_t i = 0; i < COUNT(sizes); i++) {
        memset(text, 'x', sizes[i]);
        text[sizes[i]] = '\0';
        send_reply(text);
        fake_instance_turn(fake);
        assert_string_equal(fake_client_hear(alice), text);
    }
}

static void unwritten_messages_wait_in_order(void **state)
{
    (void)state;
    alice->socket.is_blocked = true;
    send_reply("one");
    send_reply("two");
    assert_int_equal(alice->socket.writes, 0);
    assert_true(alice->socket.wants_writable);
    alice->socket.is_blocked = false;
    send_reply("three"); /* after those already waiting */
    assert_int_equal(alice->socket.writes, 0);
    fake_client_unblock(alice);
    assert_int_equal(alice->socket.writes, 1);
    assert_string_equal(fake_client_hear(alice), "one");
    assert_string_equal(fake_client_hear(alice), "two");
    assert_string_equal(fake_client_hear(alice), "three");
    assert_string_equal(fake_client_hear(alice), FAKE_CLIENT_SILENCE);
    assert_false(alice->socket.wants_writable);
}

static void a_long_outbox_is_written_in_parts(void **state)
{
    (void)state;
    static char text[30001];
    memset(text, 'x', sizeof text - 1);
    fake->options.limits.outbox_bytes = 1000000;
    alice->socket.is_blocked = true;
    for (int i = 0; i < 7; i++)
        send_reply(text);
    fake_client_unblock(alice);
    assert_int_equal(alice->socket.writes, 3);
    assert_int_equal(fake_socket_count(&alice->socket), 7);
}

static void push(const char *payload)
{
    struct message *message = message_new(MESSAGE_DIRECT, (struct bytes){0},
                                          (struct bytes){0}, bytes_of(payload));
    connection_send(alice->connection, message);
    message_unref(message);
}

static void a_slow_reader_is_closed_when_its_outbox_is_full(void **state)
{
    (void)state;
    alice->socket.is_blocked = true;
    for (uint32_t i = 0; i < fake->options.limits.outbox_messages; i++)
        push("1");
    assert_open();
    push("2");
    assert_closed(CLOSE_TOO_SLOW);
    connection_close_at_limit(alice->connection, METRIC_LIMIT_OUTBOX,
                              CLOSE_TOO_SLOW);
    assert_int_equal(metric(METRIC_LIMIT_OUTBOX), 1);
    assert_int_equal(metric(METRIC_DROPPED_CLOSED),
                     fake->options.limits.outbox_messages + 1);
    assert_true(outbox_is_empty(&alice->connection->outbox));
}

static void requested_responses_do_not_close_the_connection(void **state)
{
    (void)state;
    static char text[1500];
    memset(text, 'x', sizeof text - 1);
    alice->socket.is_blocked = true;
    send_reply(text);
    assert_false(alice->socket.is_paused);
    send_reply(text); /* beyond outbox_bytes: no more requests are read */
    assert_true(alice->socket.is_paused);
    for (uint32_t i = 0; i < fake->options.limits.outbox_messages; i++)
        push("1"); /* responses and messages have separate limits */
    assert_open();
    fake_client_unblock(alice);
    assert_false(alice->socket.is_paused);
    assert_string_equal(fake_client_hear(alice), text);
    assert_open();
}

static void a_connection_that_accepts_nothing_is_closed(void **state)
{
    (void)state;
    alice->socket.is_blocked = true;
    send_reply("waits");
    slow_reader_give_up(alice->connection);
    fake_instance_turn(fake);
    assert_closed(CLOSE_TOO_SLOW);
    assert_int_equal(metric(METRIC_OUTBOX_BYTES), 0);
}

static void waiting_bytes_are_counted_until_sent(void **state)
{
    (void)state;
    alice->socket.is_blocked = true;
    send_reply("one");
    send_reply("two");
    assert_int_equal(metric(METRIC_OUTBOX_BYTES), 2 * (2 + 3));
    fake_client_unblock(alice);
    assert_int_equal(metric(METRIC_OUTBOX_BYTES), 0);
    alice->socket.is_blocked = true;
    send_reply("three");
    assert_int_equal(metric(METRIC_OUTBOX_BYTES), 2 + 5);
    fake_client_leave(alice);
    alice = NULL;
    assert_int_equal(metric(METRIC_OUTBOX_BYTES), 0);
    assert_int_equal(metric(METRIC_DROPPED_CLOSED), 1);
    const struct distribution *depth =
        &fake->workers[0].metrics.distributions[DISTRIBUTION_OUTBOX_DEPTH];
    assert_int_equal(depth->sum, 5 + 10 + 7);
}

static void bytes_count_towards_a_full_outbox(void **state)
{
    (void)state;
    static char text[1500];
    memset(text, '1', sizeof text - 1);
    alice->socket.is_blocked = true;
    push(text);
    assert_open();
    push(text);
    assert_closed(CLOSE_TOO_SLOW);
}

static void a_dead_socket_is_a_lost_connection(void **state)
{
    (void)state;
    alice->socket.is_dead = true;
    send_reply("hello");
    assert_closed(CLOSE_CONNECTION_LOST);
}

static void a_socket_may_die_while_the_outbox_is_written(void **state)
{
    (void)state;
    alice->socket.is_blocked = true;
    send_reply("hello");
    alice->socket.is_dead = true;
    fake_client_unblock(alice);
    assert_closed(CLOSE_CONNECTION_LOST);
}

static void a_connection_that_is_not_open_yet_is_sent_nothing(void **state)
{
    (void)state;
    struct fake_socket socket = {0};
    const struct identity identity = {.caps = caps_everything()};
    struct connection *connection =
        connection_new(&fake->workers[0], &fake_protocol, &fake_transport,
                       &socket, "early", identity);
    struct message *message =
        message_new(MESSAGE_DIRECT, (struct bytes){0}, (struct bytes){0},
                    BYTES_LITERAL("1"));
    assert_int_equal(deliveries_send(fake->instance.clients, "early", message),
                     1);
    message_unref(message);
    fake_instance_turn(fake);
    assert_int_equal(socket.writes, 0);
    connection_free(connection);
}

/* ---- closing ------------------------------------------------------ */

static void only_the_first_reason_counts(void **state)
{
    (void)state;
    connection_close(alice->connection, CLOSE_FORBIDDEN);
    connection_close(alice->connection, CLOSE_TOO_SLOW);
    assert_int_equal(alice->socket.closes, 0); /* between events */
    assert_closed(CLOSE_FORBIDDEN);
    connection_close(alice->connection, CLOSE_REPLACED);
    connection_on_writable(alice->connection);
    assert_closed(CLOSE_FORBIDDEN);
}

static void nothing_is_sent_while_closing(void **state)
{
    (void)state;
    connection_close(alice->connection, CLOSE_FORBIDDEN);
    send_reply("hello");
    fake_instance_turn(fake);
    send_reply("hello");
    assert_int_equal(alice->socket.writes, 0);
}

static void waiting_messages_are_sent_before_the_close(void **state)
{
    (void)state;
    alice->socket.is_blocked = true;
    send_reply("goodbye");
    connection_close(alice->connection, CLOSE_RESTART);
    fake_instance_turn(fake);
    assert_int_equal(alice->socket.closes, 0);
    fake_client_unblock(alice);
    assert_string_equal(fake_client_hear(alice), "goodbye");
    assert_closed(CLOSE_RESTART);
}

static void a_slow_connection_is_closed_without_waiting_messages(void **state)
{
    (void)state;
    alice->socket.is_blocked = true;
    send_reply("goodbye");
    connection_close(alice->connection, CLOSE_NO_PONG);
    assert_closed(CLOSE_NO_PONG);
    assert_int_equal(metric(METRIC_DROPPED_CLOSED), 1);
    fake_client_unblock(alice);
    assert_int_equal(alice->socket.writes, 0);
    assert_int_equal(alice->socket.closes, 1);
}

static void closing_leaves_the_channels_at_once(void **state)
{
    (void)state;
    operation_subscribe(alice->connection, BYTES_LITERAL("news"), NULL,
                        (struct bytes){0});
    fake_instance_turn(fake);
    alice->socket.is_blocked = true;
    send_reply("goodbye");
    connection_close(alice->connection, CLOSE_RESTART);
    fake_instance_turn(fake);
    assert_null(channel_find(&fake->workers[0], BYTES_LITERAL("news")));
    assert_int_equal(alice->connection->subscription_count, 0);
}

static void bad_messages_close_at_their_limit(void **state)
{
    (void)state;
    for (uint32_t i = 1; i < fake->options.limits.bad_messages; i++)
        connection_count_fault(alice->connection, FAULT_BAD_REQUEST);
    for (int i = 0; i < 10; i++)
        connection_count_fault(alice->connection, FAULT_UNAVAILABLE);
    assert_open();
    connection_count_fault(alice->connection, FAULT_UNKNOWN_TYPE);
    assert_closed(CLOSE_BAD_MESSAGES);
    assert_int_equal(metric(METRIC_LIMIT_BAD_MESSAGES), 1);
    assert_int_equal(fake_instance_faults(fake, FAULT_BAD_REQUEST),
                     fake->options.limits.bad_messages - 1);
    assert_int_equal(fake_instance_faults(fake, FAULT_UNAVAILABLE), 10);
    assert_int_equal(fake_instance_faults(fake, FAULT_UNKNOWN_TYPE), 1);
}

static void a_limit_of_zero_bad_messages_is_no_limit(void **state)
{
    (void)state;
    fake->options.limits.bad_messages = 0;
    for (int i = 0; i < 1000; i++)
        connection_count_fault(alice->connection, FAULT_BAD_REQUEST);
    assert_open();
}

/* ---- the end ------------------------------------------------------ */

static const char *leave_and_read_log(void)
{
    log_setup(LOG_INFO, LOG_FORMAT_TEXT);
    fake_stderr_begin();
    fake_client_leave(alice);
    alice = NULL;
    return fake_stderr_end();
}

#define END(code, reason, duration)                                            \
    " level=info message=\"Client alice disconnected\" client=alice "          \
    "address=192.0.2.9 protocol=fake code=" code " reason=" reason             \
    " duration_ms=" duration "\n"

static void assert_log_ends(const char *expected)
{
    const char *line = leave_and_read_log();
    const char *level = strstr(line, " level=");
    assert_non_null(level);
    assert_string_equal(level, expected); /* exactly one line */
}

static void the_end_is_logged_once(void **state)
{
    (void)state;
    fake_clock_advance(1234);
    connection_close(alice->connection, CLOSE_FORBIDDEN);
    fake_instance_turn(fake);
    fake_clock_advance(6);
    assert_log_ends(END("4403", "forbidden", "1240"));
    assert_int_equal(metric(METRIC_CONNECTIONS), 0);
    assert_int_equal(metric(METRIC_CONNECTIONS_OPENED), 1);
    assert_int_equal(fake->workers[0].metrics.closes[CLOSE_FORBIDDEN], 1);
}

static void a_socket_that_vanished_is_lost(void **state)
{
    (void)state;
    assert_log_ends(END("1006", "connection_lost", "0"));
    assert_int_equal(fake->workers[0].metrics.closes[CLOSE_CONNECTION_LOST], 1);
}

static void the_close_code_of_the_client_is_logged(void **state)
{
    (void)state;
    alice->connection->peer_close_code = 1001;
    assert_log_ends(END("1001", "by_client", "0"));
}

static void a_connection_that_never_opened_is_not_logged(void **state)
{
    (void)state;
    struct fake_socket socket = {0};
    const struct identity identity = {.caps = caps_everything()};
    log_setup(LOG_DEBUG, LOG_FORMAT_TEXT);
    fake_stderr_begin();
    connection_free(connection_new(&fake->workers[0], &fake_protocol,
                                   &fake_transport, &socket, "early",
                                   identity));
    assert_string_equal(fake_stderr_end(), "");
    assert_int_equal(metric(METRIC_CONNECTIONS), 1);
}

static void a_connection_may_end_in_any_state(void **state)
{
    (void)state;
    receive("half a mess", 0, false);
    operation_subscribe(alice->connection, BYTES_LITERAL("done"), NULL,
                        (struct bytes){0});
    fake_instance_turn(fake);
    operation_subscribe(alice->connection, BYTES_LITERAL("pending"), NULL,
                        (struct bytes){0});
    alice->socket.is_blocked = true;
    send_reply("waiting");
    connection_close(alice->connection, CLOSE_RESTART);
    fake_client_leave(alice);
    alice = NULL;
    assert_null(channel_find(&fake->workers[0], BYTES_LITERAL("done")));
    assert_null(channel_find(&fake->workers[0], BYTES_LITERAL("pending")));
    assert_int_equal(metric(METRIC_DROPPED_CLOSED), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_whole_message_reaches_the_protocol),
        TEST(pieces_are_joined),
        TEST(empty_fragments_are_an_empty_message),
        TEST(a_message_of_exactly_the_limit_passes),
        TEST(a_too_large_message_closes),
        TEST(an_announced_too_large_frame_closes_at_its_first_piece),
        TEST(fragments_may_be_too_large_together),
        TEST(a_length_near_the_integer_limit_is_too_large),
        TEST(nothing_is_received_while_closing),
        TEST(the_rate_is_limited),
        TEST(the_opening_burst_is_limited),
        TEST(a_reply_is_written_at_the_end_of_the_turn),
        TEST(replies_of_any_length_have_the_right_header),
        TEST(unwritten_messages_wait_in_order),
        TEST(a_long_outbox_is_written_in_parts),
        TEST(a_slow_reader_is_closed_when_its_outbox_is_full),
        TEST(requested_responses_do_not_close_the_connection),
        TEST(a_connection_that_accepts_nothing_is_closed),
        TEST(waiting_bytes_are_counted_until_sent),
        TEST(bytes_count_towards_a_full_outbox),
        TEST(a_dead_socket_is_a_lost_connection),
        TEST(a_socket_may_die_while_the_outbox_is_written),
        TEST(a_connection_that_is_not_open_yet_is_sent_nothing),
        TEST(only_the_first_reason_counts),
        TEST(nothing_is_sent_while_closing),
        TEST(waiting_messages_are_sent_before_the_close),
        TEST(a_slow_connection_is_closed_without_waiting_messages),
        TEST(closing_leaves_the_channels_at_once),
        TEST(bad_messages_close_at_their_limit),
        TEST(a_limit_of_zero_bad_messages_is_no_limit),
        TEST(the_end_is_logged_once),
        TEST(a_socket_that_vanished_is_lost),
        TEST(the_close_code_of_the_client_is_logged),
        TEST(a_connection_that_never_opened_is_not_logged),
        TEST(a_connection_may_end_in_any_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
