#include "unit.h"

#include "messaging/operations.h"
#include "messaging/pressure.h"

#include "fakes/fake_client.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_protocol.h"
#include "fakes/fake_stage.h"

static struct fake_instance *fake;

static int set_up(void **state)
{
    (void)state;
    fake_clock_stop();
    fake = fake_stage_open(2);
    fake->options.limits.outbox_messages = 1000;
    fake->options.limits.outbox_bytes = 100000;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_stage_close(fake);
    return 0;
}

static struct fake_client *join(unsigned worker, const char *id)
{
    struct fake_client *client =
        fake_client_join(fake, worker, &fake_protocol, id, NULL);
    client->socket.is_blocked = true;
    return client;
}

static void send(struct fake_client *client, int count)
{
    struct message *message =
        message_new(MESSAGE_DIRECT, (struct bytes){0}, (struct bytes){0},
                    BYTES_LITERAL("12345678901234567890"));
    for (int i = 0; i < count; i++)
        connection_send(client->connection, message);
    message_unref(message);
}

static void without_a_limit_there_is_no_pressure(void **state)
{
    (void)state;
    metrics_add(&fake->workers[0].metrics, METRIC_WAITING_BYTES, 1 << 30);
    assert_false(pressure_is_high(&fake->workers[0]));
}

static void waiting_bytes_of_all_workers_count(void **state)
{
    (void)state;
    struct metrics *first = &fake->workers[0].metrics;
    fake->options.limits.memory_bytes = 1000;
    metrics_add(first, METRIC_WAITING_BYTES, 600);
    assert_false(pressure_is_high(&fake->workers[1]));
    metrics_add(&fake->workers[1].metrics, METRIC_WAITING_BYTES, 401);
    assert_true(pressure_is_high(&fake->workers[0]));
    /* one worker may free what another one counted */
    metrics_add(first, METRIC_WAITING_BYTES, -700);
    assert_false(pressure_is_high(&fake->workers[1]));
}

static void new_work_is_refused(void **state)
{
    (void)state;
    struct fake_client *alice = join(0, "alice");
    struct bytes event = BYTES_LITERAL("news");
    const struct position since = {0};
    const struct bytes none = {0};
    const struct utterance one = {.payload = BYTES_LITERAL("1")};
    fake->options.limits.memory_bytes = 1000;
    metrics_add(&fake->workers[0].metrics, METRIC_WAITING_BYTES, 2000);
    struct connection *connection = alice->connection;
    assert_int_equal(operation_publish(connection, event, &one, none),
                     FAULT_UNAVAILABLE);
    assert_int_equal(
        operation_direct(connection, BYTES_LITERAL("bob"), &one, none),
        FAULT_UNAVAILABLE);
    assert_int_equal(operation_history(connection, event, 1, none),
                     FAULT_UNAVAILABLE);
    assert_int_equal(operation_presence(connection, event, 1, none),
                     FAULT_UNAVAILABLE);
    assert_int_equal(operation_subscribe(connection, event, &since, none),
                     FAULT_UNAVAILABLE);
    assert_int_equal(operation_subscribe(connection, event, NULL, none),
                     FAULT_NONE);
    assert_int_equal(fake_instance_metric(fake, METRIC_LIMIT_MEMORY), 5);
    fake_instance_turn(fake);
    fake_client_leave(alice);
}

static void the_largest_is_closed_first(void **state)
{
    (void)state;
    struct fake_client *small = join(0, "small");
    struct fake_client *large = join(0, "large");
    struct fake_client *middle = join(0, "middle");
    for (int i = 0; i < 20; i++) { /* each time another frame */
        send(small, i < 5);
        send(large, 1);
        send(middle, i < 10);
    }
    fake->options.limits.memory_bytes =
        (uint64_t)fake_instance_metric(fake, METRIC_WAITING_BYTES) - 1;
    fake_instance_turn(fake);
    assert_int_equal(large->socket.close_reason, CLOSE_TOO_SLOW);
    assert_int_equal(small->socket.closes + middle->socket.closes, 0);
    assert_int_equal(fake_instance_metric(fake, METRIC_LIMIT_MEMORY), 1);
    fake->options.limits.memory_bytes =
        (uint64_t)fake_instance_metric(fake, METRIC_WAITING_BYTES) - 1;
    fake_instance_turn(fake);
    assert_int_equal(middle->socket.closes, 1);
    assert_int_equal(small->socket.closes, 0);
    fake_client_leave(small);
    fake_client_leave(large);
    fake_client_leave(middle);
    assert_int_equal(fake_instance_metric(fake, METRIC_WAITING_BYTES), 0);
}

static void drop_all(struct fake_client *const *clients, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fake_client_leave(clients[i]);
    assert_int_equal(fake_instance_metric(fake, METRIC_WAITING_BYTES), 0);
}

/* Slightly above the limit; the worker is turned before the others. */
static void press(unsigned first)
{
    fake->options.limits.memory_bytes =
        (uint64_t)fake_instance_metric(fake, METRIC_WAITING_BYTES) - 1;
    worker_turn(&fake->workers[first]);
    fake_instance_turn(fake);
}

static void the_largest_of_all_workers_is_closed_first(void **state)
{
    (void)state;
    struct fake_client *clients[] = {join(0, "a"), join(1, "b"), join(0, "c"),
                                     join(1, "d")};
    static const int counts[] = {10, 20, 30, 5};
    static const size_t order[] = {2, 1, 0, 3};
    for (size_t i = 0; i < 4; i++)
        for (int j = 0; j < counts[i]; j++)
            send(clients[i], 1);
    for (size_t i = 0; i < 4; i++) {
        press((unsigned)(i + 1) % 2);
        assert_int_equal(clients[order[i]]->socket.close_reason,
                         CLOSE_TOO_SLOW);
        assert_int_equal(fake_instance_metric(fake, METRIC_LIMIT_MEMORY),
                         i + 1);
    }
    drop_all(clients, 4);
}

static void a_hanging_worker_is_not_awaited(void **state)
{
    (void)state;
    struct fake_client *clients[] = {join(0, "a"), join(1, "b")};
    send(clients[0], 5);
    for (int i = 0; i < 10; i++)
        send(clients[1], 1);
    fake->options.limits.memory_bytes = 1;
    worker_turn(&fake->workers[0]);
    assert_int_equal(clients[0]->socket.closes, 0);
    fake_clock_advance(101);
    worker_turn(&fake->workers[0]);
    assert_int_equal(clients[0]->socket.closes, 1);
    fake_instance_turn(fake);
    assert_int_equal(clients[1]->socket.closes, 1);
    drop_all(clients, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(without_a_limit_there_is_no_pressure),
        TEST(waiting_bytes_of_all_workers_count),
        TEST(new_work_is_refused),
        TEST(the_largest_is_closed_first),
        TEST(the_largest_of_all_workers_is_closed_first),
        TEST(a_hanging_worker_is_not_awaited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
