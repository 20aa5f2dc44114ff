#include "unit.h"

#include <stdio.h>

#include "fakes/fake_client.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_protocol.h"
#include "fakes/fake_stage.h"
#include "messaging/channel.h"
#include "messaging/deliveries.h"
#include "messaging/hub.h"
#include "messaging/operations.h"
#include "messaging/turn.h"

static struct fake_instance *fake;

static int set_up(void **state)
{
    (void)state;
    fake = fake_stage_open(2);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_stage_close(fake);
    return 0;
}

static struct fake_client *join(const char *id, const char *channel)
{
    struct fake_client *client =
        fake_client_join(fake, 0, &fake_protocol, id, channel);
    fake_instance_turn(fake);
    return client;
}

/* Delivers without turning the worker. */
static void deliver(const char *channel, const char *payload)
{
    struct message *message =
        message_new(MESSAGE_PUBLICATION, bytes_of(channel), (struct bytes){0},
                    bytes_of(payload));
    hub_deliver(fake->instance.hub, message);
    message_unref(message);
}

static struct channel *find(const char *name)
{
    return channel_find(&fake->workers[0], bytes_of(name));
}

static void messages_of_a_turn_are_one_write(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice", "news");
    deliver("news", "1");
    deliver("news", "22");
    deliver("news", "333");
    assert_int_equal(alice->socket.writes, 0);
    fake_instance_turn(fake);
    assert_int_equal(alice->socket.writes, 1);
    assert_string_equal(fake_client_hear(alice), "pub news 0 - 1");
    assert_string_equal(fake_client_hear(alice), "pub news 0 - 22");
    assert_string_equal(fake_client_hear(alice), "pub news 0 - 333");
    deliver("news", "4");
    fake_instance_turn(fake);
    assert_int_equal(alice->socket.writes, 2);
    fake_client_leave(alice);
}

static void a_long_batch_is_sent_early(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice", "news");
    char payload[16];
    for (int i = 0; i < 600; i++) {
        snprintf(payload, sizeof payload, "%d", i);
        deliver("news", payload);
    }
    fake_instance_turn(fake);
    assert_int_equal(alice->socket.writes, 3);
    for (int i = 0; i < 600; i++) {
        char expected[32];
        snprintf(expected, sizeof expected, "pub news 0 - %d", i);
        assert_string_equal(fake_client_hear(alice), expected);
    }
    assert_string_equal(fake_client_hear(alice), FAKE_CLIENT_SILENCE);
    fake_client_leave(alice);
}

static void a_large_batch_is_sent_early(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice", "news");
    static char payload[30001];
    memset(payload, 'x', sizeof payload - 1);
    for (int i = 0; i < 6; i++)
        deliver("news", payload);
    fake_instance_turn(fake);
    assert_int_equal(alice->socket.writes, 2);
    assert_int_equal(fake_socket_count(&alice->socket), 6);
    fake_client_leave(alice);
}

static void every_subscriber_gets_the_same_bytes(void **state)
{
    (void)state;
    struct fake_client *clients[5];
    for (int i = 0; i < 5; i++) {
        char id[] = {'c', (char)('0' + i), '\0'};
        clients[i] = join(id, "news");
    }
    deliver("news", "1");
    deliver("news", "2");
    fake_instance_turn(fake);
    struct bytes first = buffer_bytes(&clients[0]->socket.written);
    assert_true(first.len > 0);
    for (int i = 1; i < 5; i++)
        assert_true(
            bytes_equal(buffer_bytes(&clients[i]->socket.written), first));
    for (int i = 0; i < 5; i++)
        fake_client_leave(clients[i]);
}

static void each_protocol_gets_its_own_format(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice", "news");
    struct fake_client *bob =
        fake_client_join(fake, 0, &fake_protocol_other, "bob", "news");
    struct fake_client *carol = join("carol", "news");
    deliver("news", "1");
    deliver("news", "2");
    fake_instance_turn(fake);
    assert_string_equal(fake_client_hear(alice), "pub news 0 - 1");
    assert_string_equal(fake_client_hear(alice), "pub news 0 - 2");
    assert_string_equal(fake_client_hear(bob), "other pub news 0 - 1");
    assert_string_equal(fake_client_hear(bob), "other pub news 0 - 2");
    assert_string_equal(fake_client_hear(carol), "pub news 0 - 1");
    fake_client_leave(alice);
    fake_client_leave(bob);
    fake_client_leave(carol);
}

static void a_late_subscriber_gets_later_messages(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice", "news");
    deliver("news", "1");
    struct fake_client *bob =
        fake_client_join(fake, 0, &fake_protocol, "bob", "news");
    deliver("news", "2");
    fake_instance_turn(fake);
    assert_string_equal(fake_client_hear(alice), "pub news 0 - 1");
    assert_string_equal(fake_client_hear(alice), "pub news 0 - 2");
    assert_string_equal(fake_client_hear(bob), "pub news 0 - 2");
    assert_string_equal(fake_client_hear(bob), FAKE_CLIENT_SILENCE);
    fake_client_leave(alice);
    fake_client_leave(bob);
}

static void a_direct_message_keeps_its_order(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice", "news");
    struct message *direct = message_new(MESSAGE_DIRECT, (struct bytes){0},
                                         (struct bytes){0}, BYTES_LITERAL("d"));
    deliver("news", "1");
    deliveries_send(fake->instance.clients, "alice", direct);
    deliver("news", "2");
    message_unref(direct);
    fake_instance_turn(fake);
    assert_string_equal(fake_client_hear(alice), "pub news 0 - 1");
    assert_string_equal(fake_client_hear(alice), "direct - 0 - d");
    assert_string_equal(fake_client_hear(alice), "pub news 0 - 2");
    fake_client_leave(alice);
}

static void a_leaving_subscriber_gets_earlier_messages(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice", "news");
    struct fake_client *bob = join("bob", "news");
    deliver("news", "1");
    inbox_drain(&fake->workers[0].inbox);
    operation_unsubscribe(alice->connection, BYTES_LITERAL("news"));
    deliver("news", "2");
    fake_instance_turn(fake);
    assert_string_equal(fake_client_hear(alice), "pub news 0 - 1");
    assert_string_equal(fake_client_hear(alice), FAKE_CLIENT_SILENCE);
    assert_string_equal(fake_client_hear(bob), "pub news 0 - 1");
    assert_string_equal(fake_client_hear(bob), "pub news 0 - 2");
    fake_client_leave(alice);
    fake_client_leave(bob);
}

static void subscribers_may_leave_in_any_order(void **state)
{
    (void)state;
    enum { MANY = 20 };
    struct fake_client *clients[MANY];
    for (int i = 0; i < MANY; i++) {
        char id[16];
        snprintf(id, sizeof id, "c%d", i);
        clients[i] = join(id, "news");
    }
    for (int gone = 0; gone < MANY; gone++) {
        int leaving = gone * 7 % MANY;
        fake_client_leave(clients[leaving]);
        clients[leaving] = NULL;
        deliver("news", "1");
        fake_instance_turn(fake);
        for (int i = 0; i < MANY; i++)
            if (clients[i])
                assert_int_equal(clients[i]->socket.writes, gone + 1);
    }
    assert_null(find("news"));
}

static void an_unused_channel_is_freed(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice", "news");
    assert_non_null(find("news"));
    assert_null(find("new"));
    deliver("news", "1");
    inbox_drain(&fake->workers[0].inbox); /* a batch is waiting */
    fake_client_leave(alice);
    assert_null(find("news"));
    assert_null(fake->workers[0].dirty);
}

static void a_slow_reader_of_latest_keeps_the_newest(void **state)
{
    (void)state;
    struct fake_client *slow = join("slow", "latest:price");
    struct fake_client *fast = join("fast", "latest:price");
    slow->socket.is_blocked = true;
    for (int i = 0; i < 100; i++) {
        char payload[16];
        snprintf(payload, sizeof payload, "%d", i);
        deliver("latest:price", payload);
        if (i % 3 == 0)
            fake_instance_turn(fake);
    }
    fake_client_unblock(slow);
    assert_string_equal(fake_client_hear(slow), "pub latest:price 0 - 99");
    assert_string_equal(fake_client_hear(slow), FAKE_CLIENT_SILENCE);
    assert_int_equal(fake_socket_count(&fast->socket), 100);
    assert_int_equal(fake_instance_metric(fake, METRIC_DROPPED_SUPERSEDED), 99);
    assert_int_equal(slow->socket.closes, 0);
    fake_client_leave(slow);
    fake_client_leave(fast);
}

static void two_topics_keep_their_newest_messages(void **state)
{
    (void)state;
    struct fake_client *slow = join("slow", "latest:a");
    operation_subscribe(slow->connection, BYTES_LITERAL("latest:b"), NULL,
                        (struct bytes){0});
    fake_instance_turn(fake);
    slow->socket.is_blocked = true;
    deliver("latest:a", "1");
    fake_instance_turn(fake);
    deliver("latest:b", "2");
    fake_instance_turn(fake);
    deliver("latest:a", "3");
    fake_instance_turn(fake);
    fake_client_unblock(slow);
    assert_string_equal(fake_client_hear(slow), "pub latest:a 0 - 3");
    assert_string_equal(fake_client_hear(slow), "pub latest:b 0 - 2");
    fake_client_leave(slow);
}

/* The message precedes the answer to the subscribe, and the next one must
 * follow it. */
static void waiting_messages_of_a_left_channel_are_kept(void **state)
{
    (void)state;
    const struct bytes name = BYTES_LITERAL("latest:a");
    struct fake_client *slow = join("slow", "latest:a");
    struct fake_client *other = join("other", "latest:a");
    slow->socket.is_blocked = true;
    deliver("latest:a", "1");
    fake_instance_turn(fake);
    assert_int_equal(operation_unsubscribe(slow->connection, name), FAULT_NONE);
    assert_int_equal(
        operation_subscribe(slow->connection, name, NULL, (struct bytes){0}),
        FAULT_NONE);
    fake_instance_turn(fake);
    deliver("latest:a", "2");
    fake_instance_turn(fake);
    fake_client_unblock(slow);
    assert_string_equal(fake_client_hear(slow), "pub latest:a 0 - 1");
    assert_string_equal(fake_client_hear(slow), "pub latest:a 0 - 2");
    fake_client_leave(slow);
    fake_client_leave(other);
}

static void listeners_are_counted_across_workers(void **state)
{
    (void)state;
    struct hub *hub = fake->instance.hub;
    const struct bytes event = BYTES_LITERAL("news");
    struct fake_client *alice = join("alice", "news");
    struct fake_client *bob =
        fake_client_join(fake, 1, &fake_protocol, "bob", "news");
    fake_instance_turn(fake);
    assert_int_equal(hub_count_listeners(hub, event), 2);
    fake_client_leave(alice);
    assert_int_equal(hub_count_listeners(hub, event), 1);
    fake_client_leave(bob);
    assert_int_equal(hub_count_listeners(hub, event), 0);
}

/* ---- in slices: more subscribers than one turn serves ---------------- */

enum { CROWD = 300 };

static struct fake_client *crowd[CROWD];

static void gather_crowd(void)
{
    for (int i = 0; i < CROWD; i++) {
        char id[16];
        snprintf(id, sizeof id, "c%d", i);
        crowd[i] = fake_client_join(fake, 0, &fake_protocol, id, "news");
    }
    fake_instance_turn(fake);
}

static void send_crowd_home(void)
{
    for (int i = 0; i < CROWD; i++)
        if (crowd[i])
            fake_client_leave(crowd[i]);
}

static int count_served(void)
{
    int served = 0;
    for (int i = 0; i < CROWD; i++)
        served += crowd[i] && fake_socket_count(&crowd[i]->socket) > 0;
    return served;
}

static void expect_numbers(struct fake_client *client, int from, int to)
{
    for (int i = from; i <= to; i++) {
        char expected[32];
        snprintf(expected, sizeof expected, "pub news 0 - %d", i);
        assert_string_equal(fake_client_hear(client), expected);
    }
    assert_string_equal(fake_client_hear(client), FAKE_CLIENT_SILENCE);
}

static void a_crowd_is_served_over_several_turns(void **state)
{
    (void)state;
    gather_crowd();
    deliver("news", "1");
    worker_turn(&fake->workers[0]);
    assert_in_range(count_served(), 1, CROWD - 1);
    assert_true(worker_is_behind(&fake->workers[0]));
    fake_instance_turn(fake);
    for (int i = 0; i < CROWD; i++)
        expect_numbers(crowd[i], 1, 1);
    send_crowd_home();
}

static void a_small_channel_does_not_wait_for_a_crowd(void **state)
{
    (void)state;
    gather_crowd();
    struct fake_client *alice = join("alice", "small");
    deliver("news", "1");
    worker_turn(&fake->workers[0]);
    deliver("small", "x");
    worker_turn(&fake->workers[0]);
    assert_string_equal(fake_client_hear(alice), "pub small 0 - x");
    assert_in_range(count_served(), 1, CROWD - 1);
    fake_client_leave(alice);
    send_crowd_home();
}

static void later_messages_join_the_rest_of_a_batch(void **state)
{
    (void)state;
    gather_crowd();
    deliver("news", "1");
    worker_turn(&fake->workers[0]);
    deliver("news", "2");
    worker_turn(&fake->workers[0]);
    deliver("news", "3");
    fake_instance_turn(fake);
    /* the last subscriber waited for all messages, and got them in one write */
    assert_int_equal(crowd[CROWD - 1]->socket.writes, 1);
    for (int i = 0; i < CROWD; i++)
        expect_numbers(crowd[i], 1, 3);
    send_crowd_home();
}

static void a_steady_flow_reaches_all_subscribers_in_order(void **state)
{
    (void)state;
    enum { MESSAGES = 1000 };
    gather_crowd();
    for (int i = 1; i <= MESSAGES; i++) {
        char payload[16];
        snprintf(payload, sizeof payload, "%d", i);
        deliver("news", payload);
        worker_turn(&fake->workers[0]);
        /* messages that everyone has are freed: a round takes three turns */
        assert_in_range(find("news")->batch_count, 0, 8);
    }
    fake_instance_turn(fake);
    for (int i = 0; i < CROWD; i++)
        expect_numbers(crowd[i], 1, MESSAGES);
    send_crowd_home();
}

/* Each gets exactly the messages between its join and its leave. */
static void a_crowd_may_join_and_leave_between_slices(void **state)
{
    (void)state;
    enum { MESSAGES = 250 };
    int joined_at[CROWD] = {0};
    gather_crowd();
    for (int i = 1; i <= MESSAGES; i++) {
        char payload[16];
        int place = i * 7 % CROWD;
        snprintf(payload, sizeof payload, "%d", i);
        deliver("news", payload);
        inbox_drain(&fake->workers[0].inbox);
        if (i % 3) { /* one leaves with its undelivered messages */
            operation_unsubscribe(crowd[place]->connection,
                                  BYTES_LITERAL("news"));
            expect_numbers(crowd[place], joined_at[place] + 1, i);
            fake_client_leave(crowd[place]);
            snprintf(payload, sizeof payload, "n%d", i);
            crowd[place] =
                fake_client_join(fake, 0, &fake_protocol, payload, "news");
            inbox_drain(&fake->workers[0].inbox);
            joined_at[place] = i;
        }
        worker_turn(&fake->workers[0]);
    }
    fake_instance_turn(fake);
    for (int i = 0; i < CROWD; i++)
        expect_numbers(crowd[i], joined_at[i] + 1, MESSAGES);
    send_crowd_home();
}

static void a_closed_subscriber_gets_the_gathered_messages(void **state)
{
    (void)state;
    gather_crowd();
    struct fake_client *last = crowd[CROWD - 1];
    deliver("news", "1");
    worker_turn(&fake->workers[0]);
    assert_int_equal(fake_socket_count(&last->socket), 0);
    connection_close(last->connection, CLOSE_RESTART);
    worker_turn(&fake->workers[0]);
    expect_numbers(last, 1, 1);
    assert_int_equal(last->socket.closes, 1);
    send_crowd_home();
}

static void undelivered_messages_of_a_lost_connection_are_counted(void **state)
{
    (void)state;
    gather_crowd();
    deliver("news", "1");
    deliver("news", "2");
    worker_turn(&fake->workers[0]);
    fake_client_leave(crowd[CROWD - 1]);
    crowd[CROWD - 1] = NULL;
    assert_int_equal(fake_instance_metric(fake, METRIC_DROPPED_CLOSED), 2);
    send_crowd_home();
}

static uint64_t fan_outs(const struct distribution *distribution)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < DISTRIBUTION_RANGES; i++)
        sum += distribution->counts[i];
    return sum;
}

/* The oldest message of a batch counts, until the last subscriber has it. */
static void a_fan_out_lasts_until_all_are_served(void **state)
{
    (void)state;
    fake_clock_stop();
    const struct distribution *distribution =
        &fake->workers[0].metrics.distributions[DISTRIBUTION_FAN_OUT];
    gather_crowd();
    deliver("news", "1");
    fake_clock_advance(7);
    deliver("news", "2");
    worker_turn(&fake->workers[0]);
    assert_int_equal(fan_outs(distribution), 0);
    fake_clock_advance(5);
    fake_instance_turn(fake);
    assert_int_equal(fan_outs(distribution), 1);
    assert_int_equal(distribution->sum, 12000000);
    send_crowd_home();
}

static void subscriptions_are_counted(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice", "news");
    struct fake_client *bob = join("bob", "news");
    assert_int_equal(fake_instance_metric(fake, METRIC_SUBSCRIPTIONS), 2);
    fake_client_leave(alice);
    fake_client_leave(bob);
    assert_int_equal(fake_instance_metric(fake, METRIC_SUBSCRIPTIONS), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(messages_of_a_turn_are_one_write),
        TEST(a_long_batch_is_sent_early),
        TEST(a_large_batch_is_sent_early),
        TEST(every_subscriber_gets_the_same_bytes),
        TEST(each_protocol_gets_its_own_format),
        TEST(a_late_subscriber_gets_later_messages),
        TEST(a_direct_message_keeps_its_order),
        TEST(a_leaving_subscriber_gets_earlier_messages),
        TEST(subscribers_may_leave_in_any_order),
        TEST(an_unused_channel_is_freed),
        TEST(a_slow_reader_of_latest_keeps_the_newest),
        TEST(two_topics_keep_their_newest_messages),
        TEST(waiting_messages_of_a_left_channel_are_kept),
        TEST(listeners_are_counted_across_workers),
        TEST(a_crowd_is_served_over_several_turns),
        TEST(a_small_channel_does_not_wait_for_a_crowd),
        TEST(later_messages_join_the_rest_of_a_batch),
        TEST(a_steady_flow_reaches_all_subscribers_in_order),
        TEST(a_crowd_may_join_and_leave_between_slices),
        TEST(a_closed_subscriber_gets_the_gathered_messages),
        TEST(undelivered_messages_of_a_lost_connection_are_counted),
        TEST(a_fan_out_lasts_until_all_are_served),
        TEST(subscriptions_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
