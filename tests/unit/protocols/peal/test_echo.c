#include "unit.h"

#include "base/log.h"
#include "fakes/fake_client.h"
#include "messaging/deliveries.h"
#include "protocols/protocols.h"

static struct fake_instance *fake;
static struct fake_client *alice;

static int set_up(void **state)
{
    (void)state;
    log_setup(LOG_ERROR, LOG_FORMAT_TEXT);
    fake = fake_instance_new(1);
    alice = fake_client_join(fake, 0, &protocol_echo, "alice", NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_client_leave(alice);
    fake_instance_free(fake);
    return 0;
}

static void assert_echo(bool binary, struct bytes sent, const char *expected)
{
    enum frame_opcode opcode;
    struct bytes payload;
    connection_receive(alice->connection, sent, 0, true, binary);
    fake_instance_turn(fake);
    assert_true(fake_socket_read(&alice->socket, &opcode, &payload));
    assert_int_equal(opcode, binary ? FRAME_BINARY : FRAME_TEXT);
    assert_bytes(payload, expected);
}

static void text_is_returned_after_the_prefix(void **state)
{
    (void)state;
    assert_echo(false, BYTES_LITERAL("hello"), "Echo: hello");
    assert_echo(false, BYTES_LITERAL("gr\xc3\xbc\xc3\x9f"),
                "Echo: gr\xc3\xbc\xc3\x9f");
    assert_echo(false, BYTES_LITERAL(""), "Echo: ");
}

static void an_empty_prefix_returns_the_text(void **state)
{
    (void)state;
    static char none[] = "";
    fake->options.echo_prefix = none;
    assert_echo(false, BYTES_LITERAL("hello"), "hello");
    assert_echo(false, BYTES_LITERAL(""), "");
}

static void binary_is_returned_unchanged(void **state)
{
    (void)state;
    enum frame_opcode opcode;
    struct bytes payload;
    const struct bytes sent = BYTES_LITERAL("\0\xff\x80text");
    connection_receive(alice->connection, sent, 0, true, true);
    fake_instance_turn(fake);
    assert_true(fake_socket_read(&alice->socket, &opcode, &payload));
    assert_int_equal(opcode, FRAME_BINARY);
    assert_true(bytes_equal(payload, sent));
    assert_echo(true, BYTES_LITERAL(""), "");
}

static void fragments_are_returned_as_one_message(void **state)
{
    (void)state;
    connection_receive(alice->connection, BYTES_LITERAL("one "), 0, false,
                       false);
    assert_string_equal(fake_client_hear(alice), FAKE_CLIENT_SILENCE);
    connection_receive(alice->connection, BYTES_LITERAL("two"), 0, true, false);
    fake_instance_turn(fake);
    assert_string_equal(fake_client_hear(alice), "Echo: one two");
}

static void echo_ignores_channels_and_direct_messages(void **state)
{
    (void)state;
    struct fake_client *bob =
        fake_client_join(fake, 0, &protocol_echo, "bob", "news");
    struct message *message =
        message_new(MESSAGE_DIRECT, (struct bytes){0}, (struct bytes){0},
                    BYTES_LITERAL("1"));
    deliveries_send(fake->instance.clients, "bob", message);
    message_unref(message);
    fake_instance_turn(fake);
    assert_int_equal(bob->connection->subscription_count, 0);
    assert_string_equal(fake_client_hear(bob), FAKE_CLIENT_SILENCE);
    fake_client_leave(bob);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(text_is_returned_after_the_prefix),
        TEST(an_empty_prefix_returns_the_text),
        TEST(binary_is_returned_unchanged),
        TEST(fragments_are_returned_as_one_message),
        TEST(echo_ignores_channels_and_direct_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
