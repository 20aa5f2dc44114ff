#include "unit.h"

#include "messaging/subscription.h"

enum { CHANNELS = 20 };

/* Only their addresses matter. */
static char places[CHANNELS];

static struct channel *channel(int i)
{
    return (struct channel *)&places[i];
}

static void add(struct connection *connection, int i)
{
    subscription_add(connection, channel(i), false);
    struct subscription *added = subscription_find(connection, channel(i));
    assert_true(added->is_pending);
    assert_false(added->is_cancelled);
    added->place = (uint32_t)i;
}

static void drop(struct connection *connection, int i)
{
    subscription_drop(connection, subscription_find(connection, channel(i)));
    assert_null(subscription_find(connection, channel(i)));
}

static void expect(struct connection *connection, int i)
{
    const struct subscription *found =
        subscription_find(connection, channel(i));
    assert_non_null(found);
    assert_int_equal(found->place, i);
}

static void one_subscription_needs_no_array(void **state)
{
    (void)state;
    struct connection connection = {0};
    assert_null(subscription_find(&connection, channel(0)));
    add(&connection, 0);
    assert_ptr_equal(subscription_first(&connection),
                     &connection.subscriptions.one);
    expect(&connection, 0);
    drop(&connection, 0);
    assert_int_equal(connection.subscription_count, 0);
}

static void more_subscriptions_are_in_an_array(void **state)
{
    (void)state;
    struct connection connection = {0};
    for (int i = 0; i < CHANNELS; i++)
        add(&connection, i);
    for (int i = 0; i < CHANNELS; i++)
        expect(&connection, i);
    for (int i = 0; i < CHANNELS - 1; i++)
        drop(&connection, i);
    expect(&connection, CHANNELS - 1);
    assert_ptr_equal(subscription_first(&connection),
                     &connection.subscriptions.one);
    drop(&connection, CHANNELS - 1);
    assert_int_equal(connection.subscription_count, 0);
}

/* Around each capacity of the array. */
static void subscriptions_are_added_and_removed(void **state)
{
    (void)state;
    struct connection connection = {0};
    for (int i = 0; i < CHANNELS; i++) {
        add(&connection, i);
        drop(&connection, i / 2);
        add(&connection, i / 2);
        for (int k = 0; k <= i; k++)
            expect(&connection, k);
    }
    subscription_drop_all(&connection);
    assert_int_equal(connection.subscription_count, 0);
    add(&connection, 3);
    expect(&connection, 3);
    subscription_drop_all(&connection);
    assert_null(subscription_find(&connection, channel(3)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_subscription_needs_no_array),
        cmocka_unit_test(more_subscriptions_are_in_an_array),
        cmocka_unit_test(subscriptions_are_added_and_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
