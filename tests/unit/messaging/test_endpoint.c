/* Paths of endpoints, and connections that identify themselves later. */
#include "unit.h"

#include "fakes/fake_client.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_protocol.h"
#include "messaging/clients.h"
#include "messaging/lifecycle.h"
#include "messaging/operations.h"

static void a_pattern_matches_a_path_or_a_prefix(void **state)
{
    (void)state;
    const struct endpoint open = {.pattern = "/app/*"};
    const struct endpoint exact = {.pattern = "/connection/websocket"};
    struct bytes rest;
    assert_true(endpoint_matches(&open, BYTES_LITERAL("/app/key"), &rest));
    assert_bytes(rest, "key");
    assert_false(endpoint_matches(&open, BYTES_LITERAL("/app"), &rest));
    assert_true(endpoint_matches(&exact, BYTES_LITERAL("/connection/websocket"),
                                 &rest));
    assert_int_equal(rest.len, 0);
    assert_false(endpoint_matches(
        &exact, BYTES_LITERAL("/connection/websocket/"), &rest));
}

/* What auth gives to a protocol with anonymous_seconds. */
static struct fake_client *join_unknown(struct fake_instance *instance,
                                        int64_t seconds)
{
    struct identity identity = {
        .caps = caps_nothing(),
        .expires_seconds = FAKE_CLOCK_WALL_MS / 1000 + seconds,
    };
    return fake_client_join_as(instance, 0, &fake_protocol, "", NULL, identity);
}

static void without_identity_nothing_is_allowed(void **state)
{
    (void)state;
    struct fake_instance *instance = fake_instance_new(1);
    struct fake_client *client = join_unknown(instance, 10);
    assert_string_equal(connection_client_id(client->connection), "");
    assert_int_equal(operation_subscribe(client->connection,
                                         BYTES_LITERAL("room"), NULL,
                                         (struct bytes){0}),
                     FAULT_FORBIDDEN);
    fake_client_leave(client);
    fake_instance_free(instance);
}

static void an_identified_connection_may_stay(void **state)
{
    (void)state;
    struct fake_instance *instance = fake_instance_new(1);
    struct fake_client *client = join_unknown(instance, 10);
    assert_true(
        connection_identify(client->connection, "alice",
                            (struct identity){.caps = caps_everything()}));
    assert_string_equal(connection_client_id(client->connection), "alice");
    assert_int_equal(clients_count(instance->instance.clients, "alice"), 1);
    assert_int_equal(operation_subscribe(client->connection,
                                         BYTES_LITERAL("room"), NULL,
                                         (struct bytes){0}),
                     FAULT_NONE);
    fake_clock_advance(60000);
    worker_tick(&instance->workers[0]);
    fake_instance_turn(instance);
    assert_int_equal(client->socket.closes, 0);
    fake_client_leave(client);
    fake_instance_free(instance);
}

static void an_anonymous_connection_is_closed(void **state)
{
    (void)state;
    struct fake_instance *instance = fake_instance_new(1);
    struct fake_client *client = join_unknown(instance, 10);
    worker_tick(&instance->workers[0]);
    fake_instance_turn(instance);
    assert_int_equal(client->socket.closes, 0);
    fake_clock_advance(10001);
    worker_tick(&instance->workers[0]);
    fake_instance_turn(instance);
    assert_int_equal(client->socket.closes, 1);
    assert_int_equal(client->socket.close_reason, CLOSE_TOKEN_MISSING);
    fake_client_leave(client);
    fake_instance_free(instance);
}

static void an_identity_is_counted_for_its_client(void **state)
{
    (void)state;
    struct fake_instance *instance = fake_instance_new(1);
    instance->options.limits.connections_per_client = 1;
    struct fake_client *first =
        fake_client_join(instance, 0, &fake_protocol, "alice", NULL);
    struct fake_client *client = join_unknown(instance, 10);
    struct identity identity = {.caps = caps_everything()};
    assert_false(connection_identify(client->connection, "alice", identity));
    caps_unref(identity.caps);
    fake_client_leave(client);
    fake_client_leave(first);
    fake_instance_free(instance);
}

static void a_protocol_charges_for_each_command(void **state)
{
    (void)state;
    struct fake_instance *instance = fake_instance_new(1);
    instance->options.limits.messages_per_second = 5;
    struct fake_client *client =
        fake_client_join(instance, 0, &fake_protocol, "alice", NULL);
    assert_true(connection_charge(client->connection, 5));
    assert_false(connection_charge(client->connection, 1));
    fake_instance_turn(instance);
    assert_int_equal(client->socket.close_reason, CLOSE_RATE_LIMIT);
    fake_client_leave(client);
    fake_instance_free(instance);
}

static int set_up(void **state)
{
    (void)state;
    fake_clock_stop();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pattern_matches_a_path_or_a_prefix),
        cmocka_unit_test_setup(without_identity_nothing_is_allowed, set_up),
        cmocka_unit_test_setup(an_identified_connection_may_stay, set_up),
        cmocka_unit_test_setup(an_anonymous_connection_is_closed, set_up),
        cmocka_unit_test_setup(an_identity_is_counted_for_its_client, set_up),
        cmocka_unit_test_setup(a_protocol_charges_for_each_command, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
