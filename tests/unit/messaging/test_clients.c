#include "unit.h"

#include <stdio.h>

#include "fakes/fake_client.h"
#include "fakes/fake_protocol.h"
#include "fakes/fake_stage.h"
#include "messaging/deliveries.h"
#include "messaging/lifecycle.h"

static struct fake_instance *fake;

static int set_up(void **state)
{
    (void)state;
    fake = fake_stage_open(2);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_stage_close(fake);
    return 0;
}

static struct fake_client *join(unsigned worker, const char *id)
{
    return fake_client_join(fake, worker, &fake_protocol, id, NULL);
}

static uint32_t send_to(const char *id)
{
    struct message *message =
        message_new(MESSAGE_DIRECT, (struct bytes){0}, BYTES_LITERAL("carol"),
                    BYTES_LITERAL("1"));
    uint32_t count = deliveries_send(fake->instance.clients, id, message);
    message_unref(message);
    return count;
}

#define DIRECT "direct - 0 carol 1"

static void a_client_is_reached_on_every_worker(void **state)
{
    (void)state;
    struct fake_client *first = join(0, "alice");
    struct fake_client *second = join(1, "alice");
    struct fake_client *bob = join(1, "bob");
    assert_int_equal(send_to("alice"), 2);
    assert_string_equal(fake_client_hear(first), FAKE_CLIENT_SILENCE);
    fake_instance_turn(fake);
    assert_string_equal(fake_client_hear(first), DIRECT);
    assert_string_equal(fake_client_hear(second), DIRECT);
    assert_string_equal(fake_client_hear(second), FAKE_CLIENT_SILENCE);
    assert_string_equal(fake_client_hear(bob), FAKE_CLIENT_SILENCE);
    fake_client_leave(first);
    fake_client_leave(second);
    fake_client_leave(bob);
}

static void an_absent_client_is_not_reached(void **state)
{
    (void)state;
    assert_int_equal(send_to("alice"), 0);
    struct fake_client *alice = join(0, "alice");
    assert_int_equal(send_to("Alice"), 0);
    fake_client_leave(alice);
    assert_int_equal(send_to("alice"), 0);
}

static void a_client_that_left_meanwhile_gets_nothing(void **state)
{
    (void)state;
    struct fake_client *alice = join(0, "alice");
    send_to("alice");
    clients_close(fake->instance.clients, "alice", CLOSE_FORBIDDEN,
                  (struct bytes){0});
    fake_client_leave(alice);
    struct fake_client *next = join(0, "alice"); /* in the same slot */
    fake_instance_turn(fake);
    assert_string_equal(fake_client_hear(next), FAKE_CLIENT_SILENCE);
    assert_int_equal(next->socket.closes, 0);
    fake_client_leave(next);
}

static void connections_of_a_client_are_counted(void **state)
{
    (void)state;
    struct clients *clients = fake->instance.clients;
    assert_int_equal(clients_count(clients, "alice"), 0);
    struct fake_client *first = join(0, "alice");
    struct fake_client *second = join(1, "alice");
    assert_int_equal(clients_count(clients, "alice"), 2);
    fake_client_leave(first);
    assert_int_equal(clients_count(clients, "alice"), 1);
    fake_client_leave(second);
    assert_int_equal(clients_count(clients, "alice"), 0);
}

static struct connection *try_connection(struct fake_socket *socket)
{
    const struct identity identity = {0};
    return connection_new(&fake->workers[0], &fake_protocol, &fake_transport,
                          socket, "alice", identity);
}

static void connections_of_a_client_are_limited(void **state)
{
    (void)state;
    struct fake_socket socket = {0};
    fake->options.limits.connections_per_client = 2;
    struct fake_client *first = join(0, "alice");
    struct fake_client *second = join(1, "alice");
    struct fake_client *bob = join(1, "bob");
    assert_null(try_connection(&socket));
    fake_client_leave(first);
    struct fake_client *third = join(0, "alice");
    assert_null(try_connection(&socket));
    fake_client_leave(second);
    fake_client_leave(third);
    fake_client_leave(bob);
}

static void closing_affects_all_connections_of_a_client(void **state)
{
    (void)state;
    struct fake_client *first = join(0, "alice");
    struct fake_client *second = join(1, "alice");
    struct fake_client *bob = join(0, "bob");
    assert_int_equal(clients_close(fake->instance.clients, "alice",
                                   CLOSE_FORBIDDEN, (struct bytes){0}),
                     2);
    fake_instance_turn(fake);
    assert_int_equal(first->socket.close_reason, CLOSE_FORBIDDEN);
    assert_int_equal(second->socket.close_reason, CLOSE_FORBIDDEN);
    assert_int_equal(bob->socket.closes, 0);
    fake_client_leave(first);
    fake_client_leave(second);
    fake_client_leave(bob);
}

static void a_close_may_have_a_custom_text(void **state)
{
    (void)state;
    struct clients *clients = fake->instance.clients;
    struct fake_client *alice = join(0, "alice");
    struct fake_client *bob = join(1, "bob");
    clients_close(clients, "alice", CLOSE_DISCONNECTED, bytes_of("go away"));
    clients_close(clients, "alice", CLOSE_DISCONNECTED, bytes_of("too late"));
    clients_close(clients, "bob", CLOSE_DISCONNECTED, (struct bytes){0});
    fake_instance_turn(fake);
    assert_string_equal(alice->socket.close_text, "go away");
    assert_string_equal(bob->socket.close_text, "disconnected by the server");
    fake_client_leave(alice);
    fake_client_leave(bob);
}

static void each_connection_is_unsubscribed(void **state)
{
    (void)state;
    struct clients *clients = fake->instance.clients;
    struct fake_client *first =
        fake_client_join(fake, 0, &fake_protocol, "alice", "room");
    struct fake_client *second = join(1, "alice");
    struct fake_client *bob =
        fake_client_join(fake, 1, &fake_protocol, "bob", "room");
    fake_instance_turn(fake);
    fake_protocol_notes();
    assert_int_equal(deliveries_remove(clients, "alice", bytes_of("room")), 2);
    assert_int_equal(deliveries_remove(clients, "carol", bytes_of("room")), 0);
    fake_instance_turn(fake);
    /* connections without the channel get no message */
    assert_string_equal(fake_protocol_notes(), "alice: unsubscribed room\n");
    assert_int_equal(first->connection->subscription_count, 0);
    assert_int_equal(bob->connection->subscription_count, 1);
    fake_client_leave(first);
    fake_client_leave(second);
    fake_client_leave(bob);
}

static void only_older_connections_are_closed(void **state)
{
    (void)state;
    struct fake_client *oldest = join(0, "alice");
    struct fake_client *older = join(1, "alice");
    struct fake_client *middle = join(0, "alice");
    struct fake_client *newest = join(1, "alice");
    assert_int_equal(clients_close_older(fake->instance.clients,
                                         middle->connection, CLOSE_REPLACED),
                     2);
    fake_instance_turn(fake);
    assert_int_equal(oldest->socket.close_reason, CLOSE_REPLACED);
    assert_int_equal(older->socket.close_reason, CLOSE_REPLACED);
    assert_int_equal(middle->socket.closes, 0);
    assert_int_equal(newest->socket.closes, 0);
    fake_client_leave(older);
    fake_client_leave(newest);
    fake_client_leave(oldest);
    fake_client_leave(middle);
}

/* Closes of the first, second, ... connection: "x" or ".", for none. */
static const char *closes_of(struct fake_client *const *clients, size_t count)
{
    static char text[16];
    fake_instance_turn(fake);
    for (size_t i = 0; i < count; i++)
        text[i] = clients[i]->socket.closes ? 'x' : '.';
    text[count] = '\0';
    return text;
}

static void the_newest_up_to_a_stamp_are_closed(void **state)
{
    (void)state;
    struct clients *clients = fake->instance.clients;
    struct fake_client *alice[5];
    uint64_t stamps[5];
    for (unsigned i = 0; i < 5; i++) {
        alice[i] = join(i % 2, "alice");
        struct client_view view = clients_look(clients, "alice");
        assert_int_equal(view.connections, i + 1);
        stamps[i] = view.newest;
        assert_true(!i || stamps[i] > stamps[i - 1]);
    }
    assert_int_equal(clients_close_up_to(clients, "alice", stamps[3], 3,
                                         CLOSE_TOO_MANY_CONNECTIONS),
                     1);
    assert_string_equal(closes_of(alice, 5), "...x.");
    assert_int_equal(alice[3]->socket.close_reason, CLOSE_TOO_MANY_CONNECTIONS);
    /* closed ones count neither as spared nor as closed again */
    assert_int_equal(clients_close_up_to(clients, "alice", stamps[3], 3,
                                         CLOSE_TOO_MANY_CONNECTIONS),
                     0);
    assert_int_equal(
        clients_close_up_to(clients, "alice", stamps[4], 2, CLOSE_REPLACED), 2);
    assert_string_equal(closes_of(alice, 5), "..xxx");
    struct client_view view = clients_look(clients, "alice");
    assert_int_equal(view.connections, 2);
    assert_true(view.newest == stamps[1]);
    assert_int_equal(clients_count(clients, "alice"), 5);
    clients_close_up_to(clients, "alice", UINT64_MAX, 0, CLOSE_REPLACED);
    view = clients_look(clients, "alice");
    assert_true(!view.connections && !view.newest);
    for (int i = 0; i < 5; i++)
        fake_client_leave(alice[i]);
    assert_int_equal(clients_look(clients, "alice").connections, 0);
    assert_int_equal(
        clients_close_up_to(clients, "alice", 9, 0, CLOSE_REPLACED), 0);
}

static unsigned visits;

static void count_visit(void *arg, const char *id)
{
    visits++;
    assert_int_equal(clients_count(arg, id), id[0] == 'x' ? 2 : 1);
}

static void each_client_is_visited_once(void **state)
{
    (void)state;
    enum { MANY = 200 };
    static struct fake_client *here[MANY + 2];
    char id[16];
    for (int i = 0; i < MANY + 2; i++) {
        snprintf(id, sizeof id, i < MANY ? "c%d" : "x", i);
        here[i] = join((unsigned)i % 2, id);
    }
    visits = 0;
    clients_each(fake->instance.clients, count_visit, fake->instance.clients);
    assert_int_equal(visits, MANY + 1);
    for (int i = 0; i < MANY + 2; i++)
        fake_client_leave(here[i]);
    clients_each(fake->instance.clients, count_visit, NULL);
    assert_int_equal(visits, MANY + 1);
}

static void a_single_connection_replaces_the_older_one(void **state)
{
    (void)state;
    fake->options.single_connection = true;
    struct fake_client *first = join(0, "alice");
    fake_instance_turn(fake);
    assert_int_equal(first->socket.closes, 0);
    struct fake_client *second = join(1, "alice");
    fake_instance_turn(fake);
    assert_int_equal(first->socket.close_reason, CLOSE_REPLACED);
    assert_int_equal(second->socket.closes, 0);
    fake_client_leave(first);
    fake_client_leave(second);
}

static void connections_may_leave_in_any_order(void **state)
{
    (void)state;
    static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                    {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (size_t i = 0; i < COUNT(orders); i++) {
        struct fake_client *clients[3];
        for (int j = 0; j < 3; j++)
            clients[j] = join((unsigned)j % 2, "alice");
        for (uint32_t j = 0; j < 3; j++) {
            assert_int_equal(send_to("alice"), 3 - j);
            fake_client_leave(clients[orders[i][j]]);
        }
        assert_int_equal(send_to("alice"), 0);
    }
}

static void many_clients_are_distinguished(void **state)
{
    (void)state;
    enum { MANY = 300 };
    static struct fake_client *clients[MANY];
    char id[16];
    for (int i = 0; i < MANY; i++) {
        snprintf(id, sizeof id, "c%d", i);
        clients[i] = join((unsigned)i % 2, id);
        assert_string_equal(connection_client_id(clients[i]->connection), id);
    }
    assert_int_equal(send_to("c123"), 1);
    fake_instance_turn(fake);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(fake_socket_count(&clients[i]->socket), i == 123);
    for (int i = 0; i < MANY; i++)
        fake_client_leave(clients[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_client_is_reached_on_every_worker),
        TEST(an_absent_client_is_not_reached),
        TEST(a_client_that_left_meanwhile_gets_nothing),
        TEST(connections_of_a_client_are_counted),
        TEST(connections_of_a_client_are_limited),
        TEST(closing_affects_all_connections_of_a_client),
        TEST(a_close_may_have_a_custom_text),
        TEST(each_connection_is_unsubscribed),
        TEST(only_older_connections_are_closed),
        TEST(the_newest_up_to_a_stamp_are_closed),
        TEST(each_client_is_visited_once),
        TEST(a_single_connection_replaces_the_older_one),
        TEST(connections_may_leave_in_any_order),
        TEST(many_clients_are_distinguished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
