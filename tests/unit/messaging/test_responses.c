#include "unit.h"

#include <stdio.h>

#include "messaging/bus.h"
#include "messaging/hub.h"
#include "messaging/operations.h"
#include "messaging/responses.h"
#include "messaging/slow_reader.h"
#include "messaging/turn.h"

#include "fakes/fake_client.h"
#include "fakes/fake_protocol.h"
#include "fakes/fake_stage.h"
#include "protocols/protocols.h"

static struct fake_instance *fake;
static struct fake_client *alice;
static char big[40001]; /* a message with a JSON string; two fill a page */

static int set_up(void **state)
{
    (void)state;
    fake = fake_stage_open(1);
    fake->options.limits.channels_per_connection = 128;
    fake->options.limits.outbox_bytes = 100000;
    alice = fake_client_join(fake, 0, &protocol_broadcast, "alice", NULL);
    memset(big, 'x', sizeof big - 1);
    big[0] = big[sizeof big - 2] = '"';
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (alice)
        fake_client_leave(alice);
    fake_stage_close(fake);
    return 0;
}

static void publish(const char *channel, struct bytes payload)
{
    struct request *request =
        request_new(REQUEST_PUBLISH, bytes_of(channel), BYTES_LITERAL("bob"),
                    (struct bytes){0});
    request->worker = &fake->workers[0];
    request->message = message_new(MESSAGE_PUBLICATION, bytes_of(channel),
                                   BYTES_LITERAL("bob"), payload);
    bus_submit(fake->instance.bus, request);
}

static void publish_big(const char *channel, int count)
{
    for (int i = 0; i < count; i++)
        publish(channel, bytes_of(big));
    fake_instance_turn(fake);
}

static void ask_for_history(void)
{
    assert_int_equal(operation_history(alice->connection, BYTES_LITERAL("news"),
                                       5, (struct bytes){0}),
                     FAULT_NONE);
}

static size_t written(void)
{
    return alice->socket.written.len;
}

/* A single turn of the worker; a fake turn continues to the end. */
static void turn(void)
{
    worker_turn(&fake->workers[0]);
}

static void a_page_is_built_when_the_previous_one_was_sent(void **state)
{
    (void)state;
    publish_big("news", 5);
    ask_for_history();
    alice->socket.is_blocked = true;
    fake_instance_turn(fake); /* the page already requested still arrives */
    assert_in_range(written(), 80000, 90000);
    fake_client_unblock(alice);
    assert_in_range(written(), 200000, 210000);
    fake_client_skip(alice);
}

/* Each request costs only its entry, whatever it asks for. */
static void waiting_responses_are_not_built(void **state)
{
    (void)state;
    publish_big("news", 5);
    alice->socket.is_blocked = true;
    for (int i = 0; i < 10; i++)
        ask_for_history();
    fake_instance_turn(fake);
    assert_int_equal(written(), 0);
    assert_int_equal(connection_waiting(alice->connection), 0);
    assert_int_equal(responses_count(alice->connection), 10);
    assert_true(alice->socket.wants_writable);
    fake_client_unblock(alice);
    assert_in_range(written(), 2000000, 2100000);
    assert_int_equal(responses_count(alice->connection), 0);
    fake_client_skip(alice);
}

static void a_connection_with_too_many_requests_is_not_read(void **state)
{
    (void)state;
    alice->socket.is_blocked = true;
    for (int i = 0; i < RESPONSES_WAITING_MAX; i++)
        ask_for_history();
    assert_false(alice->socket.is_paused);
    ask_for_history();
    assert_true(alice->socket.is_paused);
    fake_client_unblock(alice);
    assert_false(alice->socket.is_paused);
    fake_client_skip(alice);
}

static void a_lost_connection_drops_its_requests(void **state)
{
    (void)state;
    publish_big("news", 5);
    for (int i = 0; i < 30; i++)
        ask_for_history();
    turn();
    fake_client_leave(alice);
    alice = NULL;
    assert_null(fake->workers[0].ready);
}

static void a_close_finishes_started_responses_and_drops_the_rest(void **state)
{
    (void)state;
    publish_big("news", 5);
    ask_for_history();
    ask_for_history();
    turn();
    connection_close(alice->connection, CLOSE_RESTART);
    assert_int_equal(alice->socket.closes, 0);
    fake_instance_turn(fake);
    assert_in_range(written(), 200000, 210000); /* one of the two */
    assert_int_equal(alice->socket.closes, 1);
    fake_client_skip(alice);
}

static void a_close_without_flush_ends_at_once(void **state)
{
    (void)state;
    publish_big("news", 5);
    ask_for_history();
    turn();
    slow_reader_give_up(alice->connection);
    fake_instance_turn(fake);
    assert_in_range(written(), 80000, 90000);
    assert_int_equal(alice->socket.close_reason, CLOSE_TOO_SLOW);
    assert_int_equal(fake_instance_metric(fake, METRIC_WAITING_BYTES), 0);
    fake_client_skip(alice);
}

static struct position position_of(const char *channel)
{
    struct position found = {0};
    fake_client_say(alice, "{\"type\":\"history\",\"limit\":0,\"channel\":"
                           "\"news\"}");
    const char *text = fake_client_hear(alice);
    (void)channel;
    assert_int_equal(sscanf(strstr(text, "epoch"), "epoch\":\"%lx",
                            (unsigned long *)&found.epoch),
                     1);
    return found;
}

static void a_recovering_connection_subscribes_at_the_end(void **state)
{
    (void)state;
    publish_big("news", 4);
    struct position since = position_of("news");
    assert_int_equal(operation_subscribe(alice->connection,
                                         BYTES_LITERAL("news"), &since,
                                         (struct bytes){0}),
                     FAULT_NONE);
    turn();
    assert_int_equal(
        hub_count_listeners(fake->instance.hub, BYTES_LITERAL("news")), 0);
    publish("news", BYTES_LITERAL("1")); /* the fifth */
    fake_instance_turn(fake);
    assert_int_equal(
        hub_count_listeners(fake->instance.hub, BYTES_LITERAL("news")), 1);
    assert_non_null(strstr(fake_client_hear(alice), "\"offset\":2,"));
    for (int i = 3; i <= 5; i++) {
        char offset[16];
        snprintf(offset, sizeof offset, "\"offset\":%d,", i);
        assert_non_null(strstr(fake_client_hear(alice), offset));
    }
    assert_string_equal(fake_client_hear(alice), FAKE_CLIENT_SILENCE);
}

static void a_connection_lost_while_recovering_leaves_nothing(void **state)
{
    (void)state;
    publish_big("news", 5);
    struct position since = position_of("news");
    for (int with_turn = 0; with_turn < 2; with_turn++) {
        operation_subscribe(alice->connection, BYTES_LITERAL("news"), &since,
                            (struct bytes){0});
        turn();
        if (with_turn)
            turn(); /* another page is in flight */
        assert_int_equal(
            operation_unsubscribe(alice->connection, BYTES_LITERAL("news")),
            FAULT_NONE);
        fake_instance_turn(fake);
        assert_int_equal(alice->connection->subscription_count, 0);
        assert_null(fake->workers[0].channels);
    }
    fake_client_skip(alice);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_page_is_built_when_the_previous_one_was_sent),
        TEST(waiting_responses_are_not_built),
        TEST(a_connection_with_too_many_requests_is_not_read),
        TEST(a_lost_connection_drops_its_requests),
        TEST(a_close_finishes_started_responses_and_drops_the_rest),
        TEST(a_close_without_flush_ends_at_once),
        TEST(a_recovering_connection_subscribes_at_the_end),
        TEST(a_connection_lost_while_recovering_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
