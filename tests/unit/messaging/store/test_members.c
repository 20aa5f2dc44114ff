#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "messaging/store/members.h"

static struct request *report(const struct members *members)
{
    struct request *request =
        request_new(REQUEST_PRESENCE, BYTES_LITERAL("c"), BYTES_LITERAL("a"),
                    (struct bytes){0});
    members_report(members, request);
    return request;
}

static void the_first_and_last_connection_are_reported(void **state)
{
    (void)state;
    struct members members = {0};
    assert_true(members_add(&members, "alice"));
    assert_false(members_add(&members, "alice"));
    assert_true(members_add(&members, "bob"));
    assert_false(members_remove(&members, "alice"));
    assert_true(members_remove(&members, "alice"));
    assert_true(members_remove(&members, "bob"));
    assert_true(members_is_empty(&members));
}

static void a_member_may_have_no_connection(void **state)
{
    (void)state;
    struct members members = {0};
    assert_false(members_release(&members, "alice"));
    members_add(&members, "alice");
    members_add(&members, "alice");
    assert_false(members_release(&members, "alice"));
    assert_true(members_release(&members, "alice"));
    assert_false(members_release(&members, "alice"));
    assert_false(members_is_empty(&members));
    assert_true(members_add(&members, "alice"));
    members_drop(&members, "alice");
    members_drop(&members, "alice");
    assert_true(members_is_empty(&members));
}

static void non_members_cannot_leave(void **state)
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
    members_add_many(&members, "alice", 2, (struct bytes){0});
    members_add_many(&members, "carol", 5, (struct bytes){0});
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

static void add_up(void *arg, const char *client, uint32_t connections,
                   struct bytes info)
{
    assert_int_equal(client[0], 'm');
    assert_int_equal(info.len, 0);
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
    assert_true(members_is_empty(&members));
}

static void pages_contain_every_member_once(void **state)
{
    (void)state;
    enum { CLIENTS = 5000 };
    static uint8_t seen[CLIENTS];
    struct members members = {0};
    char client[16];
    struct request *request =
        request_new(REQUEST_PRESENCE, BYTES_LITERAL("c"), BYTES_LITERAL("a"),
                    (struct bytes){0});
    for (int i = 0; i < CLIENTS; i++) {
        snprintf(client, sizeof client, "c%d", i);
        members_add(&members, client);
    }
    request->page = REQUEST_PAGE;
    int pages = 0;
    bool has_more = true;
    while (has_more) {
        members_report(&members, request);
        assert_in_range(request->member_count, 1, 2000);
        for (size_t i = 0; i < request->member_count; i++)
            seen[atoi(request->members[i].client + 1)]++;
        /* others may join and leave meanwhile; those with even numbers stay */
        snprintf(client, sizeof client, "c%d", 2 * pages + 1);
        members_remove(&members, client);
        struct request *next = request_next_page(request);
        has_more = request->has_more;
        request_free(request);
        request = next;
        pages++;
    }
    assert_in_range(pages, 5, 7);
    for (int i = 0; i < CLIENTS; i++)
        assert_in_range(seen[i], i % 2 ? 0 : 1, 1);
    request_free(request);
    members_clear(&members);
}

static void the_info_of_the_first_connection_is_used(void **state)
{
    (void)state;
    struct members members = {0};
    members_add_with(&members, "alice", BYTES_LITERAL("{\"n\":1}"));
    members_add_with(&members, "alice", BYTES_LITERAL("{\"n\":2}"));
    members_add(&members, "bob");
    assert_bytes(members_info(&members, "alice"), "{\"n\":1}");
    assert_int_equal(members_info(&members, "bob").len, 0);
    assert_int_equal(members_info(&members, "carol").len, 0);
    struct request *request =
        request_new(REQUEST_PRESENCE, BYTES_LITERAL("c"), BYTES_LITERAL("a"),
                    (struct bytes){0});
    members_report(&members, request);
    assert_int_equal(request->member_total, 2);
    assert_int_equal(request->member_count, 2);
    for (size_t i = 0; i < 2; i++)
        if (strcmp(request->members[i].client, "alice") == 0)
            assert_string_equal(request->members[i].info, "{\"n\":1}");
        else
            assert_null(request->members[i].info);
    request_free(request);
    members_clear(&members);
    assert_int_equal(members.info_bytes, 0);
}

static void a_list_may_be_truncated(void **state)
{
    (void)state;
    struct members members = {0};
    char client[16];
    for (int i = 0; i < 5000; i++) {
        snprintf(client, sizeof client, "m%d", i);
        members_add(&members, client);
    }
    for (uint32_t limit = 0; limit <= 6000; limit += 1500) {
        size_t got = 0;
        struct request *request =
            request_new(REQUEST_PRESENCE, BYTES_LITERAL("c"),
                        BYTES_LITERAL("a"), (struct bytes){0});
        request->page = REQUEST_PAGE;
        request->limit = limit;
        for (;;) {
            members_report(&members, request);
            got += request->member_count;
            assert_int_equal(request->member_total, 5000);
            if (!request->has_more)
                break;
            struct request *next = request_next_page(request);
            request_free(request);
            request = next;
        }
        request_free(request);
        assert_int_equal(got, limit < 5000 ? limit : 5000);
    }
    members_clear(&members);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_and_last_connection_are_reported),
        cmocka_unit_test(a_member_may_have_no_connection),
        cmocka_unit_test(non_members_cannot_leave),
        cmocka_unit_test(the_report_counts_connections),
        cmocka_unit_test(pages_contain_every_member_once),
        cmocka_unit_test(many_members_are_all_visited),
        cmocka_unit_test(the_info_of_the_first_connection_is_used),
        cmocka_unit_test(a_list_may_be_truncated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
