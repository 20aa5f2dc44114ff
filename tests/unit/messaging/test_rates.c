#include "unit.h"

#include "fakes/fake_client.h"
#include "fakes/fake_protocol.h"
#include "fakes/fake_stage.h"
#include "messaging/channel.h"
#include "messaging/hub.h"
#include "messaging/rates.h"
#include "messaging/turn.h"

static struct fake_instance *fake;
static struct worker *worker;
static struct fake_client *alice;

static int set_up(void **state)
{
    (void)state;
    fake = fake_stage_open(1);
    worker = &fake->workers[0];
    alice = fake_client_join(fake, 0, &fake_protocol, "alice", "news");
    fake_instance_turn(fake);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_protocol_notes();
    fake_client_leave(alice);
    fake_instance_free(fake);
    return 0;
}

static void deliver(const char *payload)
{
    struct message *message =
        message_new(MESSAGE_PUBLICATION, BYTES_LITERAL("news"),
                    (struct bytes){0}, bytes_of(payload));
    hub_deliver(fake->instance.hub, message);
    message_unref(message);
    fake_instance_turn(fake);
}

static void seconds_pass(int seconds)
{
    while (seconds--)
        worker_tick(worker);
}

static uint32_t of_alice(enum rate_kind kind)
{
    uint32_t rates[RATE_KINDS];
    rates_read(worker, watch_find(worker, alice->connection->handle), rates);
    return rates[kind];
}

static uint32_t of_news(enum rate_kind kind)
{
    uint32_t rates[RATE_KINDS];
    rates_read(worker, channel_find(worker, BYTES_LITERAL("news"))->rates,
               rates);
    return rates[kind];
}

static void nothing_is_counted_without_viewers(void **state)
{
    (void)state;
    fake_client_say(alice, "hello");
    deliver("1");
    assert_null(worker->watch);
    assert_null(channel_find(worker, BYTES_LITERAL("news"))->rates);
    assert_int_equal(of_alice(RATE_MESSAGES_IN), 0);
}

static void the_last_complete_second_is_shown(void **state)
{
    (void)state;
    watch_start(worker);
    fake_client_say(alice, "hello");
    fake_client_say(alice, "you");
    deliver("123");
    assert_int_equal(of_alice(RATE_MESSAGES_IN), 0); /* second not over */
    seconds_pass(1);
    assert_int_equal(of_alice(RATE_MESSAGES_IN), 2);
    assert_int_equal(of_alice(RATE_BYTES_IN), 8);
    assert_int_equal(of_alice(RATE_MESSAGES_OUT), 1);
    assert_true(of_alice(RATE_BYTES_OUT) > 3);
    assert_int_equal(of_news(RATE_MESSAGES_IN), 1);
    assert_int_equal(of_news(RATE_MESSAGES_OUT), 1);
    fake_client_say(alice, "x");
    assert_int_equal(of_alice(RATE_MESSAGES_IN), 2);
    seconds_pass(1);
    assert_int_equal(of_alice(RATE_MESSAGES_IN), 1);
    seconds_pass(1);
    assert_int_equal(of_alice(RATE_MESSAGES_IN), 0);
    assert_int_equal(of_news(RATE_MESSAGES_OUT), 0);
}

static void a_silent_second_is_not_skipped(void **state)
{
    (void)state;
    watch_start(worker);
    fake_client_say(alice, "x");
    seconds_pass(3);
    fake_client_say(alice, "y");
    assert_int_equal(of_alice(RATE_MESSAGES_IN), 0);
}

static void deliveries_are_summed_over_workers(void **state)
{
    (void)state;
    struct fake_client *bob =
        fake_client_join(fake, 0, &fake_protocol, "bob", "news");
    fake_instance_turn(fake);
    watch_start(worker);
    deliver("1");
    deliver("2");
    seconds_pass(1);
    assert_int_equal(of_news(RATE_MESSAGES_IN), 2);
    assert_int_equal(of_news(RATE_MESSAGES_OUT), 4);
    fake_client_leave(bob);
}

static void a_reused_slot_starts_from_zero(void **state)
{
    (void)state;
    watch_start(worker);
    fake_client_say(alice, "x");
    uint32_t slot = (uint32_t)alice->connection->handle;
    fake_client_leave(alice);
    alice = fake_client_join(fake, 0, &fake_protocol, "carol", "news");
    fake_instance_turn(fake);
    assert_int_equal((uint32_t)alice->connection->handle, slot);
    seconds_pass(1);
    assert_null(watch_find(worker, alice->connection->handle));
    fake_client_say(alice, "y");
    seconds_pass(1);
    assert_int_equal(of_alice(RATE_MESSAGES_IN), 1);
}

static void later_connections_are_counted_too(void **state)
{
    enum { MORE = 200 };
    struct fake_client *more[MORE];
    (void)state;
    watch_start(worker);
    fake_client_say(alice, "x");
    for (int i = 0; i < MORE; i++)
        more[i] = fake_client_join(fake, 0, &fake_protocol, "crowd", NULL);
    fake_client_say(more[MORE - 1], "y");
    seconds_pass(1);
    assert_int_equal(of_alice(RATE_MESSAGES_IN), 1);
    assert_non_null(watch_find(worker, more[MORE - 1]->connection->handle));
    assert_null(watch_find(worker, more[0]->connection->handle));
    for (int i = 0; i < MORE; i++)
        fake_client_leave(more[i]);
}

static void memory_is_freed_without_viewers(void **state)
{
    (void)state;
    watch_start(worker);
    deliver("1");
    seconds_pass(WATCH_SECONDS);
    assert_non_null(worker->watch);
    watch_start(worker);
    seconds_pass(WATCH_SECONDS);
    assert_non_null(worker->watch);
    seconds_pass(1);
    assert_null(worker->watch);
    assert_null(channel_find(worker, BYTES_LITERAL("news"))->rates);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_counted_without_viewers,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_last_complete_second_is_shown,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_silent_second_is_not_skipped, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(deliveries_are_summed_over_workers,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_reused_slot_starts_from_zero, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(later_connections_are_counted_too,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(memory_is_freed_without_viewers, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
