#include "bus/redis/redis_server.h"

#include <string.h>

#include "unit.h"

#define RUN_ID "0123456789abcdef0123456789abcdef01234567"
#define ZEROS  "0000000000000000000000000000000000000000"

static struct redis_server server_of(const char *info)
{
    struct redis_server server = {0};
    redis_server_read(&server, info);
    return server;
}

static void a_standalone_master_is_read(void **state)
{
    (void)state;
    struct redis_server server = server_of(
        "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n"
        "run_id:" RUN_ID "\r\n");
    redis_server_read(&server, "# Replication\r\nrole:master\r\n"
                               "master_replid:" RUN_ID "\r\n"
                               "master_replid2:" ZEROS "\r\n");
    assert_string_equal(server.run_id, RUN_ID);
    assert_string_equal(server.data_id, RUN_ID);
    assert_int_equal(server.mode, REDIS_MODE_STANDALONE);
    assert_int_equal(server.role, REDIS_ROLE_MASTER);
    assert_int_equal(server.version, 7);
    assert_false(server.was_promoted);
    assert_null(redis_server_misfit(&server, true, REDIS_TARGET_SERVER));
}

/* Valkey reports the Redis version it is compatible with, and another name for
 * the mode. */
static void valkey_is_read(void **state)
{
    (void)state;
    struct redis_server server =
        server_of("# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\n"
                  "valkey_version:8.1.1\r\nserver_mode:sentinel\r\n");
    assert_int_equal(server.mode, REDIS_MODE_SENTINEL);
    assert_int_equal(server.version, 7);
    server = server_of("server_mode:cluster\r\n");
    assert_int_equal(server.mode, REDIS_MODE_CLUSTER);
    server = server_of("server_mode:standalone\r\n");
    assert_int_equal(server.mode, REDIS_MODE_STANDALONE);
}

static void a_former_replica_is_recognized(void **state)
{
    (void)state;
    struct redis_server server =
        server_of("role:master\r\nmaster_replid2:" RUN_ID "\r\n");
    assert_true(server.was_promoted);
}

static void unknown_values_are_accepted(void **state)
{
    (void)state;
    struct redis_server server = server_of(NULL);
    redis_server_read(&server, "");
    redis_server_read(&server, "rubbish\nrun_id\nrole:\nredis_mode:moon");
    assert_string_equal(server.run_id, "");
    assert_int_equal(server.role, REDIS_ROLE_UNKNOWN);
    assert_int_equal(server.mode, REDIS_MODE_UNKNOWN);
    assert_null(redis_server_misfit(&server, true, REDIS_TARGET_SERVER));
}

static void other_servers_are_distinguished_from_a_master(void **state)
{
    (void)state;
    static const struct {
        const char *info;
        const char *expected;
    } cases[] = {
        {"redis_mode:sentinel\r\n", "to a Sentinel"},
        {"redis_mode:cluster\r\nrole:master\r\n", "to a Redis Cluster node"},
        {"redis_mode:standalone\r\nrole:slave\r\n", "to a replica"},
        {"redis_version:6.2.14\r\nrole:master\r\n", "requires Redis 7.0"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct redis_server server = server_of(cases[i].info);
        const char *misfit =
            redis_server_misfit(&server, true, REDIS_TARGET_SERVER);
        assert_non_null(misfit);
        assert_non_null(strstr(misfit, cases[i].expected));
    }
    struct redis_server replica = server_of("role:slave\r\n");
    assert_non_null(
        strstr(redis_server_misfit(&replica, false, REDIS_TARGET_NAMED),
               "Sentinels report"));
    struct redis_server alone = server_of("redis_mode:standalone\r\n");
    assert_non_null(strstr(redis_server_misfit(&alone, true, REDIS_TARGET_NODE),
                           "does not have cluster-enabled"));
    struct redis_server node = server_of("redis_mode:cluster\r\nrole:slave");
    assert_non_null(
        strstr(redis_server_misfit(&node, true, REDIS_TARGET_NODE), "replica"));
    assert_null(redis_server_misfit(&node, true, REDIS_TARGET_SEED));
    struct redis_server old = server_of("redis_version:6.2.14\r\n");
    assert_null(redis_server_misfit(&old, false, REDIS_TARGET_SERVER));
}

static void servers_differ_by_their_run_ids(void **state)
{
    (void)state;
    struct redis_server one = server_of("run_id:" RUN_ID "\r\n");
    struct redis_server other = server_of("run_id:" ZEROS "\r\n");
    struct redis_server unknown = server_of(NULL);
    assert_true(redis_server_differs(&one, &other));
    assert_false(redis_server_differs(&one, &one));
    assert_false(redis_server_differs(&one, &unknown));
    assert_false(redis_server_differs(&unknown, &one));
}

#define DATA(id, former)                                                       \
    "run_id:" RUN_ID "\r\nmaster_replid:" id "\r\nmaster_replid2:" former
#define OTHER_ID "1111111111111111111111111111111111111111"
#define THIRD_ID "2222222222222222222222222222222222222222"

/* The run id identifies the process. A master that was temporarily a replica
 * keeps it, but has the data of another. */
static void a_master_that_was_a_replica_has_other_data(void **state)
{
    (void)state;
    struct redis_server before = server_of(DATA(OTHER_ID, ZEROS));
    struct redis_server after = server_of(DATA(THIRD_ID, OTHER_ID));
    assert_true(redis_server_has_same_data(&before, &before));
    assert_false(redis_server_has_same_data(&before, &after));
    assert_true(redis_server_has_changed(&before, &after));
    assert_true(redis_server_differs(&before, &after));
    assert_true(redis_server_differs(&after, &before));
}

/* With its first replica, a master gets another data id. Nothing is lost, but
 * this cannot be distinguished afterwards. */
static void a_master_with_its_first_replica_has_not_changed(void **state)
{
    (void)state;
    struct redis_server before = server_of(DATA(OTHER_ID, ZEROS));
    struct redis_server after = server_of(DATA(THIRD_ID, ZEROS));
    assert_false(redis_server_has_same_data(&before, &after));
    assert_false(redis_server_has_changed(&before, &after));
    assert_false(redis_server_differs(&before, &after));
}

static void an_unknown_server_has_no_certain_data(void **state)
{
    (void)state;
    struct redis_server unknown = server_of(NULL);
    struct redis_server known = server_of(DATA(OTHER_ID, ZEROS));
    struct redis_server short_spoken = server_of("run_id:" RUN_ID "\r\n");
    assert_false(redis_server_has_same_data(&unknown, &unknown));
    assert_false(redis_server_has_same_data(&unknown, &known));
    assert_false(redis_server_has_same_data(&known, &unknown));
    assert_true(redis_server_has_same_data(&short_spoken, &short_spoken));
    assert_false(redis_server_has_changed(&short_spoken, &known));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_standalone_master_is_read),
        cmocka_unit_test(valkey_is_read),
        cmocka_unit_test(a_former_replica_is_recognized),
        cmocka_unit_test(unknown_values_are_accepted),
        cmocka_unit_test(other_servers_are_distinguished_from_a_master),
        cmocka_unit_test(servers_differ_by_their_run_ids),
        cmocka_unit_test(a_master_that_was_a_replica_has_other_data),
        cmocka_unit_test(a_master_with_its_first_replica_has_not_changed),
        cmocka_unit_test(an_unknown_server_has_no_certain_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
