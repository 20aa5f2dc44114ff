#include "bus/redis/redis_outage.h"

#include <string.h>

#include "fakes/fake_stderr.h"
#include "unit.h"

static unsigned count(const char *text, const char *what)
{
    unsigned found = 0;
    for (const char *at = text; (at = strstr(at, what)); at++)
        found++;
    return found;
}

static void the_start_and_end_of_an_outage_are_logged(void **state)
{
    (void)state;
    struct redis_outage outage = {.name = "commands"};
    fake_stderr_begin();
    redis_outage_end(&outage);
    for (uint64_t now = 1000; now < 20000; now += 100)
        redis_outage_note(&outage, "refused", now);
    redis_outage_end(&outage);
    redis_outage_end(&outage);
    const char *log = fake_stderr_end();
    assert_int_equal(count(log, "Redis connection lost"), 1);
    assert_int_equal(count(log, "why=refused"), 1);
    /* the first connection is logged too */
    assert_int_equal(count(log, "Redis connected"), 2);
}

static void a_lasting_outage_is_logged_once_a_minute(void **state)
{
    (void)state;
    struct redis_outage outage = {.name = "commands"};
    fake_stderr_begin();
    redis_outage_note(&outage, "refused", 1000);
    for (uint64_t now = 2000; now < 190000; now += 1000)
        redis_outage_note(&outage, "WRONGPASS", now);
    const char *log = fake_stderr_end();
    assert_int_equal(count(log, "Redis connection lost"), 1);
    /* a new reason at once, then the latest one every minute */
    assert_int_equal(count(log, "Redis still unavailable"), 4);
    assert_int_equal(count(log, "WRONGPASS"), 4);
    assert_int_equal(count(log, "attempts=1 "), 1);
    assert_int_equal(count(log, "attempts=61"), 1);
}

static void changing_reasons_do_not_flood_the_log(void **state)
{
    (void)state;
    struct redis_outage outage = {.name = "commands"};
    fake_stderr_begin();
    for (uint64_t now = 100000; now < 160000; now += 100)
        redis_outage_note(&outage, now % 200 ? "refused" : "WRONGPASS", now);
    assert_true(count(fake_stderr_end(), "Redis still unavailable") <= 11);
}

static void a_flapping_link_is_logged_once_a_minute(void **state)
{
    (void)state;
    struct redis_outage outage = {.name = "commands"};
    fake_stderr_begin();
    for (uint64_t now = 100000; now < 280000; now += 500) {
        redis_outage_note(&outage, "MOVED", now);
        redis_outage_end(&outage);
    }
    const char *log = fake_stderr_end();
    assert_true(count(log, "Redis connection lost") <= 30);
    assert_int_equal(count(log, "Redis connection lost"),
                     count(log, "Redis connected"));
    assert_int_equal(count(log, "Redis connection unstable"), 2);
    assert_int_equal(count(log, "times=120"), 2);
}

static void an_outage_without_a_name_is_not_logged(void **state)
{
    (void)state;
    struct redis_outage outage = {0};
    fake_stderr_begin();
    for (uint64_t now = 1000; now < 300000; now += 1000)
        redis_outage_note(&outage, "refused", now);
    redis_outage_end(&outage);
    assert_string_equal(fake_stderr_end(), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_start_and_end_of_an_outage_are_logged),
        cmocka_unit_test(a_lasting_outage_is_logged_once_a_minute),
        cmocka_unit_test(changing_reasons_do_not_flood_the_log),
        cmocka_unit_test(a_flapping_link_is_logged_once_a_minute),
        cmocka_unit_test(an_outage_without_a_name_is_not_logged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
