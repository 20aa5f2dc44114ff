#include "unit.h"

#include <stdio.h>

#include "messaging/client_rates.h"

static struct client_rates *rates;

static int set_up(void **state)
{
    (void)state;
    rates = client_rates_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    client_rates_free(rates);
    return 0;
}

/* How many of `wanted` the client gets. */
static unsigned take(const char *client, unsigned wanted, uint64_t now_ms)
{
    unsigned taken = 0;
    for (unsigned i = 0; i < wanted; i++)
        taken += client_rates_take(rates, bytes_of(client), 3, now_ms);
    return taken;
}

static void a_client_has_a_rate_per_second(void **state)
{
    (void)state;
    assert_int_equal(take("alice", 10, 1), 3);
    assert_int_equal(take("bob", 2, 1), 2);
    assert_int_equal(take("alice", 10, 335), 1);
    assert_int_equal(take("bob", 10, 335), 2);
    assert_int_equal(take("alice", 10, 1335), 3);
}

static void zero_is_no_limit(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++)
        assert_true(client_rates_take(rates, BYTES_LITERAL("alice"), 0, 1));
}

/* More clients than slots. */
static void clients_of_an_earlier_second_take_nothing_away(void **state)
{
    (void)state;
    char name[16];
    for (int i = 0; i < 40000; i++) {
        snprintf(name, sizeof name, "c%d", i);
        take(name, 4, 1);
    }
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "d%d", i);
        assert_int_equal(take(name, 4, 1002), 3);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_client_has_a_rate_per_second),
        TEST(zero_is_no_limit),
        TEST(clients_of_an_earlier_second_take_nothing_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
