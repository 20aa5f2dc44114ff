#include "bus/redis/redis_slots.h"

#include <string.h>

#include "unit.h"

static void slots_match_those_of_redis(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        uint16_t slot;
    } rows[] = {
        {"123456789", 0x31C3},
        {"foo", 12182},
        {"", 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(redis_slot_of(bytes_of(rows[i].key)), rows[i].slot);
}

static void only_the_first_braces_count(void **state)
{
    (void)state;
    uint16_t slot = redis_slot_of(bytes_of("room"));
    assert_int_equal(redis_slot_of(bytes_of("peal:{room}:m")), slot);
    assert_int_equal(redis_slot_of(bytes_of("{room}{other}")), slot);
    /* empty braces do not count */
    assert_true(redis_slot_of(bytes_of("foo{}{room}")) != slot);
    assert_int_equal(redis_slot_of(bytes_of("foo{{bar}}zap")),
                     redis_slot_of(bytes_of("{bar")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_match_those_of_redis),
        cmocka_unit_test(only_the_first_braces_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
