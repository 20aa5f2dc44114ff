#include "bus/redis/redis_recovery.h"

#include "base/clock.h"
#include "unit.h"

enum { COUNT = 100000 };

static struct request requests[COUNT];
static struct redis_bus bus; /* Redis is not connected */

static void wait_all(struct redis_channel *channel)
{
    for (size_t i = 0; i < COUNT; i++)
        redis_recovery_add(channel, &requests[i]);
}

static void check_order(const struct redis_channel *channel)
{
    const struct request *at = channel->waiting;
    for (size_t i = 0; i < COUNT; i++, at = at->next)
        assert_ptr_equal(at, &requests[i]);
    assert_null(at);
}

/* Traversing the list for each request would take a minute. */
static void many_requests_wait_in_order(void **state)
{
    (void)state;
    struct redis_channel channel = {.bus = &bus, .stage = UNSUBSCRIBED};
    uint64_t began_ms = clock_steady_ms();
    channel.waiting_end = &channel.waiting;
    wait_all(&channel);
    check_order(&channel);
    struct request *taken = redis_recovery_take(&channel);
    assert_null(channel.waiting);
    while (taken) {
        struct request *request = taken;
        taken = taken->next;
        redis_recovery_wait(&channel, request);
    }
    check_order(&channel);
    assert_true(clock_steady_ms() - began_ms < 5000);
}

/* Subscribed, but nothing can be read. */
static void many_requests_wait_for_missed_messages(void **state)
{
    (void)state;
    static const struct channel_options options = {.history_size = 10};
    struct redis_channel channel = {.bus = &bus,
                                    .options = &options,
                                    .stage = LIVE,
                                    .position = {.epoch = 1, .offset = 9}};
    uint64_t began_ms = clock_steady_ms();
    channel.waiting_end = &channel.waiting;
    for (size_t i = 0; i < COUNT; i++) {
        requests[i].recover = true;
        requests[i].since = (struct position){.epoch = 1, .offset = 3};
    }
    wait_all(&channel);
    check_order(&channel);
    redis_recovery_serve(&channel);
    check_order(&channel);
    assert_true(clock_steady_ms() - began_ms < 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_requests_wait_in_order),
        cmocka_unit_test(many_requests_wait_for_missed_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
