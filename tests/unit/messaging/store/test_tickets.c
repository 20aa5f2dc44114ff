#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "messaging/store/tickets.h"

static struct tickets tickets;

static int set_up(void **state)
{
    (void)state;
    tickets = (struct tickets){0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tickets_clear(&tickets);
    return 0;
}

#define ONE "0123456789abcdef0123456789abcdef"
#define TWO "0123456789abcdef0123456789abcde0"

static void assert_taken(const char *ticket, int64_t now_ms,
                         const char *expected)
{
    char *content = tickets_take(&tickets, ticket, now_ms);
    if (expected)
        assert_string_equal(content, expected);
    else
        assert_null(content);
    free(content);
}

static void new_tickets_are_valid_and_different(void **state)
{
    (void)state;
    char one[TICKET_LEN + 1];
    char two[TICKET_LEN + 1];
    ticket_make(one);
    ticket_make(two);
    assert_true(ticket_is_valid(bytes_of(one)));
    assert_string_not_equal(one, two);
}

static void other_texts_are_not_tickets(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", ONE "0", "0123456789abcdef0123456789abcde",
        "0123456789ABCDEF0123456789ABCDEF", "0123456789abcdef 123456789abcdef"};
    assert_true(ticket_is_valid(BYTES_LITERAL(ONE)));
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(ticket_is_valid(bytes_of(bad[i])));
    char zeros[TICKET_LEN] = {0};
    assert_false(ticket_is_valid((struct bytes){zeros, sizeof zeros}));
}

static void a_ticket_is_valid_once(void **state)
{
    (void)state;
    tickets_add(&tickets, ONE,
                ticket_content(TICKET_FOR_CLIENT, BYTES_LITERAL("alice"),
                               BYTES_LITERAL("{}"), BYTES_LITERAL("[]")),
                2000);
    tickets_add(&tickets, TWO,
                ticket_content(TICKET_FOR_CLIENT, BYTES_LITERAL("bob"),
                               (struct bytes){0}, (struct bytes){0}),
                2000);
    assert_taken(ONE, 1000, "calice\n{}\n[]");
    assert_taken(ONE, 1000, NULL);
    assert_taken(TWO, 1000, "cbob\n\n");
}

static void a_ticket_expires(void **state)
{
    (void)state;
    tickets_add(&tickets, ONE,
                ticket_content(TICKET_FOR_CLIENT, BYTES_LITERAL("alice"),
                               (struct bytes){0}, (struct bytes){0}),
                2000);
    tickets_add(&tickets, TWO,
                ticket_content(TICKET_FOR_CLIENT, BYTES_LITERAL("bob"),
                               (struct bytes){0}, (struct bytes){0}),
                3000);
    assert_taken(ONE, 2000, NULL);
    assert_int_equal(tickets_expire(&tickets, 2999), 0);
    assert_int_equal(tickets_expire(&tickets, 3000), 1);
    assert_int_equal(tickets_expire(&tickets, 3000), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(new_tickets_are_valid_and_different),
        TEST(other_texts_are_not_tickets),
        TEST(a_ticket_is_valid_once),
        TEST(a_ticket_expires),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
