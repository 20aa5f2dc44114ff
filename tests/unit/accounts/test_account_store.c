/* Logins, in a real SQLite file. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "accounts/account_store.h"
#include "base/clock.h"

#define LOGIN "0123456789abcdef0123456789abcdef"

enum { MINUTE_MS = 60000 };

static char path[32];
static struct account_store *store;

static int set_up(void **state)
{
    (void)state;
    char url[64];
    struct error error;
    snprintf(path, sizeof path, "/tmp/peal-accounts-XXXXXX");
    close(mkstemp(path));
    snprintf(url, sizeof url, "sqlite://%s", path);
    store = account_store_open(url, 1000, &error);
    assert_non_null(store);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char beside[40];
    account_store_close(store);
    unlink(path);
    snprintf(beside, sizeof beside, "%s-wal", path);
    unlink(beside);
    snprintf(beside, sizeof beside, "%s-shm", path);
    unlink(beside);
    return 0;
}

static void sign_in(int64_t expires_ms)
{
    struct account ann = {.email = (char *)"ann@example.com",
                          .name = (char *)"Ann",
                          .password = (char *)"a hash",
                          .is_active = true,
                          .generation = 1};
    account_id_make(1000, ann.id);
    assert_int_equal(account_store_create(store, &ann), STORE_DONE);
    assert_int_equal(
        account_store_login(store, &ann, LOGIN, "first", expires_ms),
        STORE_DONE);
}

static enum store_result rotate(const char *secret, bool *was_reused)
{
    struct account account = {0};
    enum store_result result =
        account_store_rotate(store, LOGIN, secret, "second",
                             clock_wall_ms() + MINUTE_MS, &account, was_reused);
    account_deinit(&account);
    return result;
}

static void reusing_an_old_secret_ends_the_login(void **state)
{
    (void)state;
    bool was_reused;
    sign_in(clock_wall_ms() + MINUTE_MS);
    assert_int_equal(rotate("first", &was_reused), STORE_DONE);
    assert_false(was_reused);
    assert_int_equal(rotate("first", &was_reused), STORE_NONE);
    assert_true(was_reused);
    assert_int_equal(rotate("second", &was_reused), STORE_NONE);
    assert_false(was_reused); /* it has ended already */
}

static void an_expired_login_does_not_count_as_reused(void **state)
{
    (void)state;
    bool was_reused = true;
    sign_in(clock_wall_ms() - 1);
    assert_int_equal(rotate("first", &was_reused), STORE_NONE);
    assert_false(was_reused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reusing_an_old_secret_ends_the_login,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            an_expired_login_does_not_count_as_reused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
