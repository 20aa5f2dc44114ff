#include "unit.h"

#include <stdio.h>

#include "fakes/fake_instance.h"
#include "messaging/deliveries.h"
#include "messaging/hub.h"
#include "messaging/turn.h"

static struct fake_instance *fake;

static int set_up(void **state)
{
    (void)state;
    fake = fake_instance_new(3);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_instance_free(fake);
    return 0;
}

static struct hub_channel *enter(unsigned worker, const char *channel)
{
    return hub_enter(fake->instance.hub, &fake->workers[worker], channel);
}

static void leave(unsigned worker, struct hub_channel *channel)
{
    hub_leave(fake->instance.hub, &fake->workers[worker], channel);
}

static uint32_t deliver(const char *channel)
{
    struct message *message =
        message_new(MESSAGE_PUBLICATION, bytes_of(channel), (struct bytes){0},
                    BYTES_LITERAL("1"));
    uint32_t listeners = hub_deliver(fake->instance.hub, message);
    message_unref(message);
    return listeners;
}

static void assert_waiting(size_t first, size_t second, size_t third)
{
    assert_int_equal(inbox_depth(&fake->workers[0].inbox), first);
    assert_int_equal(inbox_depth(&fake->workers[1].inbox), second);
    assert_int_equal(inbox_depth(&fake->workers[2].inbox), third);
}

static void unwanted_messages_are_dropped(void **state)
{
    (void)state;
    assert_int_equal(deliver("news"), 0);
    assert_waiting(0, 0, 0);
}

static void only_interested_workers_are_posted_to(void **state)
{
    (void)state;
    struct hub_channel *first = enter(0, "news");
    struct hub_channel *third = enter(2, "news");
    struct hub_channel *other = enter(1, "other");
    assert_ptr_equal(first, third);
    deliver("news");
    deliver("news");
    deliver("other");
    assert_waiting(2, 1, 2);
    leave(0, first);
    deliver("news");
    assert_waiting(2, 1, 3);
    leave(2, third);
    leave(1, other);
    deliver("news");
    assert_waiting(2, 1, 3);
}

static void names_are_compared_completely(void **state)
{
    (void)state;
    struct hub_channel *channel = enter(0, "news");
    deliver("new");
    deliver("newss");
    deliver("News");
    assert_waiting(0, 0, 0);
    leave(0, channel);
}

static void listeners_are_counted_across_workers(void **state)
{
    (void)state;
    struct hub *hub = fake->instance.hub;
    struct hub_channel *channel = enter(0, "news");
    enter(1, "news");
    assert_int_equal(deliver("news"), 0);
    hub_count_listener(channel, 1);
    hub_count_listener(channel, 1);
    hub_count_listener(channel, 1);
    assert_int_equal(deliver("news"), 3);
    hub_count_listener(channel, -1);
    assert_int_equal(hub_count_listeners(hub, BYTES_LITERAL("news")), 2);
    assert_int_equal(hub_count_listeners(hub, BYTES_LITERAL("other")), 0);
    leave(0, channel);
    leave(1, channel);
    assert_int_equal(hub_count_listeners(hub, BYTES_LITERAL("news")), 0);
}

static void the_maximum_of_workers_can_be_reached(void **state)
{
    (void)state;
    struct hub *hub = hub_new(deliveries_push);
    static struct worker many[HUB_WORKERS_MAX];
    struct instance instance = fake->instance;
    struct hub_channel *channel = NULL;
    instance.hub = hub;
    for (unsigned i = 0; i < HUB_WORKERS_MAX; i++) {
        worker_init(&many[i], &instance, i, fake->workers[0].inbox.wake, NULL);
        channel = hub_enter(hub, &many[i], "news");
    }
    struct message *message =
        message_new(MESSAGE_PUBLICATION, BYTES_LITERAL("news"),
                    (struct bytes){0}, BYTES_LITERAL("1"));
    hub_deliver(hub, message);
    message_unref(message);
    for (unsigned i = 0; i < HUB_WORKERS_MAX; i++) {
        assert_int_equal(inbox_depth(&many[i].inbox), 1);
        worker_turn(&many[i]);
        hub_leave(hub, &many[i], channel);
        worker_deinit(&many[i]);
    }
    hub_free(hub);
}

static void many_channels_reach_their_workers(void **state)
{
    (void)state;
    enum { CHANNELS = 1000 };
    static struct hub_channel *channels[CHANNELS];
    char name[16];
    for (int i = 0; i < CHANNELS; i++) {
        snprintf(name, sizeof name, "c%d", i);
        channels[i] = enter((unsigned)i % 3, name);
        hub_count_listener(channels[i], i);
    }
    for (int i = 0; i < CHANNELS; i++) {
        snprintf(name, sizeof name, "c%d", i);
        assert_int_equal(deliver(name), i);
    }
    assert_waiting(334, 333, 333);
    for (int i = 0; i < CHANNELS; i++)
        leave((unsigned)i % 3, channels[i]);
}

static void one_full_inbox_counts_as_overload(void **state)
{
    (void)state;
    const struct hub *hub = fake->instance.hub;
    struct hub_channel *channel = enter(1, "news");
    for (int i = 0; i < 9; i++)
        deliver("news");
    assert_false(hub_is_swamped(hub, 10));
    deliver("news");
    assert_true(hub_is_swamped(hub, 10));
    fake_instance_turn(fake);
    assert_false(hub_is_swamped(hub, 10));
    leave(1, channel);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(unwanted_messages_are_dropped),
        TEST(only_interested_workers_are_posted_to),
        TEST(names_are_compared_completely),
        TEST(listeners_are_counted_across_workers),
        TEST(the_maximum_of_workers_can_be_reached),
        TEST(many_channels_reach_their_workers),
        TEST(one_full_inbox_counts_as_overload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
