#include "unit.h"

#include "fakes/fake_clock.h"
#include "fakes/fake_instance.h"
#include "messaging/refusals.h"

static struct ip_address address_of(const char *text)
{
    struct ip_address address;
    assert_true(ip_address_parse(bytes_of(text), &address));
    return address;
}

static void set_rate(struct fake_instance *fake, uint32_t rate)
{
    fake->options.limits.refusals_per_second = rate;
}

static bool may_try(struct fake_instance *fake, const char *text)
{
    struct ip_address address = address_of(text);
    return refusals_are_few(&fake->instance, REFUSER_PEAL, &address);
}

static void refuse(struct fake_instance *fake, const char *text, unsigned times)
{
    struct ip_address address = address_of(text);
    while (times--)
        refusals_take(&fake->instance, REFUSER_PEAL, &address);
}

static void refusals_per_second_are_limited(void **state)
{
    struct fake_instance *fake = *state;
    set_rate(fake, 3);
    refuse(fake, "192.0.2.7", 2);
    assert_true(may_try(fake, "192.0.2.7"));
    refuse(fake, "192.0.2.7", 1);
    assert_false(may_try(fake, "192.0.2.7"));
    assert_true(may_try(fake, "192.0.2.8"));
    fake_clock_advance(334);
    assert_true(may_try(fake, "192.0.2.7"));
}

static void checking_does_not_count(void **state)
{
    struct fake_instance *fake = *state;
    set_rate(fake, 1);
    for (int i = 0; i < 10; i++)
        assert_true(may_try(fake, "192.0.2.7"));
}

static void a_64_bit_network_counts_as_one_address(void **state)
{
    struct fake_instance *fake = *state;
    set_rate(fake, 1);
    refuse(fake, "2001:db8::1", 1);
    assert_false(may_try(fake, "2001:db8::2"));
    assert_true(may_try(fake, "2001:db8:0:1::1"));
}

static void zero_is_no_limit(void **state)
{
    struct fake_instance *fake = *state;
    set_rate(fake, 0);
    refuse(fake, "192.0.2.7", 1000);
    assert_true(may_try(fake, "192.0.2.7"));
}

static void each_refuser_has_a_separate_limit(void **state)
{
    struct fake_instance *fake = *state;
    struct ip_address address = address_of("192.0.2.7");
    set_rate(fake, 1);
    refuse(fake, "192.0.2.7", 5);
    assert_true(refusals_take(&fake->instance, REFUSER_APPLICATION, &address));
    assert_false(
        refusals_are_few(&fake->instance, REFUSER_APPLICATION, &address));
}

static int set_up(void **state)
{
    fake_clock_stop();
    *state = fake_instance_new(1);
    return 0;
}

static int tear_down(void **state)
{
    fake_instance_free(*state);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(refusals_per_second_are_limited),
        TEST(checking_does_not_count),
        TEST(a_64_bit_network_counts_as_one_address),
        TEST(zero_is_no_limit),
        TEST(each_refuser_has_a_separate_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
