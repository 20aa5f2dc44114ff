#include "unit.h"

#include <stdio.h>

#include "messaging/members.h"

static struct request *report(const struct members *members)
{
    struct request *request =
        request_new(REQUEST_PRESENCE, BYTES_LITERAL("c"), BYTES_LITERAL("a"),
                    (struct bytes){0});
    members_report(members, request);
    return request;
}

static void first_and_last_are_told(void **state)
{
    (void)state;
    struct members members = {0};
    assert_true(members_add(&members, "alice"));
    assert_false(members_add(&members, "alice"));
    assert_true(members_add(&members, "bob"));
    assert_false(members_remove(&members, "alice"));
    assert_true(members_remove(&members, "alice"));
    assert_true(members_remove(&members, "bob"));
    assert_null(members.first);
}

static void strangers_cannot_leave(void **state)
{
    (void)state;
    struct members members = {0};
    assert_false(members_remove(&members, "nobody"));
    members_add(&members, "alice");
    assert_false(members_remove(&members, "Alice"));
    members_clear(&members);
}

static void the_report_counts_connections(void **state)
{
    (void)state;
    struct members members = {0};
    members_add(&members, "alice");
    members_add(&members, "bob");
    members_add_many(&members, "alice", 2);
    members_add_many(&members, "carol", 5);
    assert_int_equal(members_count(&members, "alice"), 3);
    assert_int_equal(members_count(&members, "nobody"), 0);

    struct request *request = report(&members);
    assert_int_equal(request->member_count, 3);
    assert_string_equal(request->members[0].client, "alice");
    assert_int_equal(request->members[0].connections, 3);
    assert_string_equal(request->members[1].client, "bob");
    assert_int_equal(request->members[1].connections, 1);
    assert_string_equal(request->members[2].client, "carol");
    assert_int_equal(request->members[2].connections, 5);
    request_free(request);
    members_clear(&members);
}

static void add_up(void *arg, const char *client, uint32_t connections)
{
    assert_int_equal(client[0], 'm');
    *(uint32_t *)arg += connections;
}

static void many_members_are_all_visited(void **state)
{
    (void)state;
    struct members members = {0};
    char name[16];
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "m%d", i);
        assert_true(members_add(&members, name));
    }
    uint32_t sum = 0;
    members_each(&members, add_up, &sum);
    assert_int_equal(sum, 1000);
    struct request *request = report(&members);
    assert_int_equal(request->member_count, 1000);
    request_free(request);
    members_clear(&members);
    assert_null(members.first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_and_last_are_told),
        cmocka_unit_test(strangers_cannot_leave),
        cmocka_unit_test(the_report_counts_connections),
        cmocka_unit_test(many_members_are_all_visited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
