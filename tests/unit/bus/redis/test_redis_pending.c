#include "bus/redis/redis_pending.h"

#include "unit.h"

static unsigned answered[1000];
static unsigned answered_count;

static void note(void *arg, const struct redisReply *reply)
{
    assert_null(reply);
    answered[answered_count++] = *(unsigned *)arg;
}

static void answers_match_the_order_of_commands(void **state)
{
    (void)state;
    struct redis_pending pending = {0};
    static unsigned numbers[1000];
    unsigned added = 0;
    unsigned taken = 0;
    while (added <
           1000) { /* three in, one out: wraps around the ring and grows it */
        for (int i = 0; i < 3 && added < 1000; i++) {
            numbers[added] = added;
            redis_pending_add(&pending, BYTES_LITERAL("PING"), note,
                              &numbers[added++]);
        }
        struct redis_command command = redis_pending_take(&pending);
        assert_ptr_equal(command.arg, &numbers[taken]);
        taken++;
    }
    assert_int_equal(pending.count, added - taken);
    redis_pending_fail(&pending);
    assert_int_equal(answered_count, added - taken);
    for (unsigned i = 0; i < answered_count; i++)
        assert_int_equal(answered[i], taken + i);
    assert_int_equal(pending.count, 0);
    redis_pending_deinit(&pending);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_match_the_order_of_commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
