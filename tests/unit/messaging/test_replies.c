#include "unit.h"

#include "fakes/fake_client.h"
#include "fakes/fake_protocol.h"
#include "fakes/fake_stage.h"

static struct fake_instance *fake;
static struct fake_client *alice;
static struct fake_client *bob;

static int set_up(void **state)
{
    (void)state;
    fake = fake_stage_open(1);
    alice = fake_client_join(fake, 0, &fake_protocol, "alice", NULL);
    bob = fake_client_join(fake, 0, &fake_protocol, "bob", NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (alice)
        fake_client_leave(alice);
    fake_client_leave(bob);
    fake_stage_close(fake);
    return 0;
}

static void reply(struct fake_client *client, struct bytes text)
{
    struct buffer *reply = connection_reply_begin(client->connection);
    buffer_append(reply, text);
    connection_reply_end(client->connection, PAYLOAD_TEXT);
}

static void assert_hears(struct fake_client *client, const char *text)
{
    assert_string_equal(fake_client_hear(client), text);
}

static void replies_of_one_connection_are_one_write(void **state)
{
    (void)state;
    reply(alice, BYTES_LITERAL("one"));
    reply(alice, BYTES_LITERAL(""));
    reply(alice, BYTES_LITERAL("three"));
    assert_int_equal(alice->socket.writes, 0);
    fake_instance_turn(fake);
    assert_int_equal(alice->socket.writes, 1);
    assert_hears(alice, "one");
    assert_hears(alice, "");
    assert_hears(alice, "three");
    assert_hears(alice, FAKE_CLIENT_SILENCE);
}

static void each_connection_gets_its_own_in_order(void **state)
{
    (void)state;
    reply(alice, BYTES_LITERAL("a1"));
    reply(bob, BYTES_LITERAL("b1"));
    reply(alice, BYTES_LITERAL("a2"));
    fake_instance_turn(fake);
    assert_hears(alice, "a1");
    assert_hears(alice, "a2");
    assert_hears(alice, FAKE_CLIENT_SILENCE);
    assert_hears(bob, "b1");
    assert_hears(bob, FAKE_CLIENT_SILENCE);
}

static void a_long_reply_flushes_the_others_first(void **state)
{
    (void)state;
    static char text[REPLY_BYTES + 1];
    memset(text, 'x', REPLY_BYTES);
    reply(alice, BYTES_LITERAL("first"));
    reply(alice, (struct bytes){text, REPLY_BYTES});
    assert_int_equal(alice->socket.writes, 2);
    assert_hears(alice, "first");
    assert_hears(alice, text);
}

static void a_message_flushes_replies_first(void **state)
{
    (void)state;
    reply(alice, BYTES_LITERAL("first"));
    struct message *message =
        message_new(MESSAGE_DIRECT, (struct bytes){0}, BYTES_LITERAL("bob"),
                    BYTES_LITERAL("second"));
    connection_send(alice->connection, message);
    message_unref(message);
    assert_int_equal(alice->socket.writes, 2);
    assert_hears(alice, "first");
}

static void excess_replies_are_sent_before_the_turn_ends(void **state)
{
    (void)state;
    enum { EACH = 4000 };
    static char text[EACH + 1];
    memset(text, 'x', EACH);
    for (int i = 0; i < 20; i++)
        reply(alice, (struct bytes){text, EACH});
    assert_int_equal(alice->socket.writes, 1);
    fake_instance_turn(fake);
    assert_int_equal(alice->socket.writes, 2);
    for (int i = 0; i < 20; i++)
        assert_hears(alice, text);
    for (int i = 0; i < REPLIES_CONNECTIONS + 1; i++)
        reply(i % 2 ? bob : alice, BYTES_LITERAL("x"));
    assert_int_equal(fake_socket_count(&alice->socket) +
                         fake_socket_count(&bob->socket),
                     REPLIES_CONNECTIONS);
}

static void replies_of_a_lost_connection_are_counted(void **state)
{
    (void)state;
    reply(alice, BYTES_LITERAL("one"));
    reply(bob, BYTES_LITERAL("two"));
    reply(alice, BYTES_LITERAL("three"));
    reply(alice, BYTES_LITERAL("four"));
    fake_client_leave(alice);
    alice = NULL;
    assert_hears(bob, "two");
    assert_int_equal(fake_instance_metric(fake, METRIC_DROPPED_CLOSED), 3);
}

static void replies_of_a_blocked_connection_wait(void **state)
{
    (void)state;
    static char text[1001];
    memset(text, 'x', sizeof text - 1);
    reply(alice, BYTES_LITERAL("one"));
    reply(alice, bytes_of(text));
    reply(alice, BYTES_LITERAL("three"));
    alice->socket.is_blocked = true;
    fake_instance_turn(fake);
    assert_int_equal(alice->socket.writes, 0);
    assert_int_equal(outbox_count(&alice->connection->outbox), 3);
    fake_client_unblock(alice);
    assert_hears(alice, "one");
    assert_hears(alice, text);
    assert_hears(alice, "three");
}

static void a_dead_socket_ends_only_its_connection(void **state)
{
    (void)state;
    reply(alice, BYTES_LITERAL("one"));
    reply(bob, BYTES_LITERAL("two"));
    alice->socket.is_dead = true;
    fake_instance_turn(fake);
    assert_int_equal(alice->socket.close_reason, CLOSE_CONNECTION_LOST);
    assert_hears(bob, "two");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(replies_of_one_connection_are_one_write),
        TEST(each_connection_gets_its_own_in_order),
        TEST(a_long_reply_flushes_the_others_first),
        TEST(a_message_flushes_replies_first),
        TEST(excess_replies_are_sent_before_the_turn_ends),
        TEST(replies_of_a_lost_connection_are_counted),
        TEST(replies_of_a_blocked_connection_wait),
        TEST(a_dead_socket_ends_only_its_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
