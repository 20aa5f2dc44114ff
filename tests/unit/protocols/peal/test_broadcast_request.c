#include "unit.h"

#include "base/memory.h"
#include "fakes/fake_client.h"
#include "messaging/clients.h"
#include "messaging/lifecycle.h"
#include "messaging/turn.h"
#include "protocols/protocols.h"

static struct fake_instance *fake;

static int set_up(void **state)
{
    (void)state;
    fake = fake_instance_new(1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_instance_free(fake);
    return 0;
}

/* Starts a request of alice. */
static struct fake_client *ask(const char *caps, const char *body)
{
    struct fake_client *client = memory_new(1, sizeof *client);
    client->instance = fake;
    client->connection = connection_new_brief(
        &fake->workers[0], &protocol_broadcast_request, &fake_transport,
        &client->socket, "alice",
        (struct identity){.caps = caps ? fake_caps(caps) : caps_everything()});
    connection_open(client->connection, NULL, 0);
    connection_receive(client->connection, bytes_of(body), 0, true, false);
    return client;
}

/* The end of the request: its status and the number of answers. */
static void check(struct fake_client *client, int status, unsigned answers)
{
    fake_instance_turn(fake);
    assert_int_equal(client->socket.closes, 1);
    assert_int_equal(
        connection_close_code(client->connection, client->socket.close_reason),
        status);
    assert_int_equal(fake_socket_count(&client->socket), answers);
    fake_client_leave(client);
}

static void one_message_has_the_status_of_its_error(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int status;
    } rows[] = {
        {"{\"type\":\"ping\"}", 200},
        {" {\"type\":\"broadcast\",\"channel\":\"a\"}", 200},
        {"{\"type\":\"history\",\"channel\":\"a\"}", 200},
        {"{\"type\":\"history\",\"channel\":\"plain:a\"}", 404},
        {"{\"type\":\"direct\",\"to\":\"bob\"}", 200},
        {"{\"type\":\"subscribe\",\"channel\":\"a\"}", 400},
        {"{\"type\":\"none\"}", 400},
        {"\"\xff\"", 400},
        {"", 400},
        {"[1,", 400},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        check(ask(NULL, rows[i].body), rows[i].status, 1);
    check(ask("[]", "{\"type\":\"broadcast\",\"channel\":\"a\"}"), 403, 1);
}

static void a_list_ends_when_all_entries_are_answered(void **state)
{
    (void)state;
    check(ask(NULL, "[]"), 200, 0);
    struct fake_client *client =
        ask(NULL, "[{\"type\":\"broadcast\",\"channel\":\"a\"},7,"
                  "{\"type\":\"presence\",\"channel\":\"a\"},"
                  "{\"type\":\"ping\"}]");
    assert_int_equal(client->socket.closes, 0); /* the bus has not answered */
    check(client, 200, 4);
}

static void beyond_the_rate_nothing_is_executed(void **state)
{
    (void)state;
    fake->options.limits.messages_per_second = 3;
    check(ask(NULL, "[1,2,3,4]"), 429, 0);
    fake->options.limits.messages_per_second = 0;
    check(ask(NULL, "[1,2,3,4]"), 200, 4);
}

static void a_request_is_not_a_connection_of_the_client(void **state)
{
    (void)state;
    struct fake_client *client =
        ask(NULL, "{\"type\":\"direct\",\"to\":\"alice\"}");
    assert_int_equal(clients_count(fake->instance.clients, "alice"), 0);
    assert_int_equal(fake_instance_metric(fake, METRIC_CONNECTIONS), 0);
    assert_int_equal(worker_close_some(&fake->workers[0], 9, CLOSE_RESTART), 0);
    fake_instance_turn(fake);
    assert_non_null(strstr(fake_client_hear(client), "\"connectionCount\":0"));
    check(client, 200, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(one_message_has_the_status_of_its_error),
        TEST(a_list_ends_when_all_entries_are_answered),
        TEST(beyond_the_rate_nothing_is_executed),
        TEST(a_request_is_not_a_connection_of_the_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
