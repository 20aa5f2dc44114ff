/* The cost of each query, and migrations, in a real SQLite file. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "accounts/account_schema.h"
#include "accounts/sql_url.h"

static char path[] = "/tmp/peal-accounts-XXXXXX";
static struct sql *sql;

static int set_up(void **state)
{
    (void)state;
    char url[64];
    struct error error;
    snprintf(path, sizeof path, "/tmp/peal-accounts-XXXXXX");
    close(mkstemp(path));
    snprintf(url, sizeof url, "sqlite://%s", path);
    sql = sql_url_open(url, 1000, &error);
    assert_non_null(sql);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sql_close(sql);
    unlink(path);
    return 0;
}

static void run(const char *query, sql_row *on_row, void *arg)
{
    struct error error;
    assert_int_equal(sql_run(sql, query, NULL, 0, on_row, arg, &error),
                     SQL_DONE);
}

/* "SCAN logins" reads a whole table; "SCAN ... USING INDEX" reads in index
 * order. */
static void check_plan(void *arg, const char *const *columns, int count)
{
    const char *detail = columns[count - 1];
    if (strncmp(detail, "SCAN ", 5) == 0 && !strstr(detail, "USING INDEX"))
        fail_msg("%s: %s", (const char *)arg, detail);
}

static void each_query_uses_an_index(void **state)
{
    (void)state;
    struct error error;
    char query[1024];
    assert_int_equal(account_schema_migrate(sql, &error), SCHEMA_READY);
    for (int i = 0; i < ACCOUNT_QUERIES; i++) {
        snprintf(query, sizeof query, "EXPLAIN QUERY PLAN %s",
                 account_queries[i]);
        run(query, check_plan, (void *)account_queries[i]);
    }
}

static void read_version(void *arg, const char *const *columns, int count)
{
    (void)count;
    *(int *)arg = atoi(columns[0]);
}

static void migrating_again_changes_nothing(void **state)
{
    (void)state;
    struct error error;
    int version = 0;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(account_schema_migrate(sql, &error), SCHEMA_READY);
        run("SELECT COUNT(*) FROM peal_schema", read_version, &version);
        assert_int_equal(version, 1);
    }
}

static void a_newer_schema_is_left_alone(void **state)
{
    (void)state;
    struct error error;
    assert_int_equal(account_schema_migrate(sql, &error), SCHEMA_READY);
    run("INSERT INTO peal_schema (version) VALUES (1000)", NULL, NULL);
    assert_int_equal(account_schema_migrate(sql, &error), SCHEMA_NEWER);
    assert_non_null(strstr(error.text, "version 1000"));
}

/* A failed step leaves no changes. */
static void a_step_is_atomic(void **state)
{
    (void)state;
    struct error error;
    int count = 0;
    run("CREATE TABLE logins (x)", NULL, NULL);
    assert_int_equal(account_schema_migrate(sql, &error), SCHEMA_UNREACHABLE);
    run("SELECT COUNT(*) FROM sqlite_master WHERE name = 'users'", read_version,
        &count);
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_query_uses_an_index, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(migrating_again_changes_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_newer_schema_is_left_alone, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_step_is_atomic, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
