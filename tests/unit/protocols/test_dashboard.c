#include "unit.h"

#include <stdio.h>

#include "base/json.h"
#include "base/log.h"
#include "fakes/fake_client.h"
#include "fakes/fake_protocol.h"
#include "messaging/close_reason.h"
#include "messaging/rates.h"
#include "protocols/protocols.h"

static struct fake_instance *fake;
static struct fake_client *viewer;

static int set_up(void **state)
{
    (void)state;
    log_setup(LOG_ERROR, LOG_FORMAT_TEXT);
    fake = fake_instance_new(2);
    fake->options.limits.bad_messages = 100;
    fake->options.limits.outbox_bytes = 1000000;
    viewer = fake_client_join(fake, 0, &protocol_dashboard, "viewer", NULL);
    fake_instance_turn(fake);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_protocol_notes();
    fake_client_leave(viewer);
    assert_int_equal(fake->overview.viewers, 0);
    fake_instance_free(fake);
    return 0;
}

/* Sends a request and returns its answer. */
static const char *ask(const char *text)
{
    fake_client_skip(viewer);
    fake_client_say(viewer, text);
    const char *answer = fake_client_hear(viewer);
    assert_true(json_is_valid(bytes_of(answer)));
    return answer;
}

static void assert_holds(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("%s\nlacks %s", text, part);
}

static void hello_describes_the_instance(void **state)
{
    (void)state;
    const char *hello = fake_client_hear(viewer);
    assert_true(json_is_valid(bytes_of(hello)));
    assert_holds(hello, "{\"type\":\"hello\",\"instance\":\"fake:1\","
                        "\"version\":\"" PEAL_VERSION "\",\"workers\":2,"
                        "\"redis\":false,"
                        "\"close_codes\":{\"protocol_error\":1002,");
}

static void a_snapshot_has_metrics_channels_and_connections(void **state)
{
    (void)state;
    struct fake_client *bob =
        fake_client_join(fake, 1, &fake_protocol, "bob", "news");
    fake_instance_turn(fake);
    const char *answer = ask("{\"type\":\"look\"}");
    assert_holds(answer, "{\"type\":\"look\",\"time\":");
    assert_holds(answer, "\"metrics\":{\"a\":1,\"b{c=\\\"\\\\\\\\ d\\\"}\":0.5,"
                         "\"last\":7}");
    assert_holds(answer,
                 "\"channels\":[{\"channel\":\"news\",\"subscribers\":1,"
                 "\"in\":0,\"out\":0,\"bytes_in\":0,\"bytes_out\":0}]");
    assert_holds(answer,
                 "\"client\":\"bob\",\"address\":\"192.0.2.9\",\"protocol\":");
    assert_holds(answer, "\"worker\":1,\"seconds\":0,\"queued\":0,"
                         "\"channel_count\":1,\"channels\":[\"news\"]");
    assert_holds(answer, "\"connections_matched\":2}");
    answer = ask("{\"type\":\"look\",\"connections\":{\"search\":\"bo\"}}");
    assert_holds(answer, "\"connections_matched\":1}");
    fake_client_leave(bob);
}

static void many_channels_of_a_connection_are_counted(void **state)
{
    (void)state;
    char text[64];
    struct fake_client *bob =
        fake_client_join(fake, 1, &protocol_broadcast, "bob", "c0");
    fake->options.limits.channels_per_connection = 20;
    for (int i = 1; i < 12; i++) {
        snprintf(text, sizeof text,
                 "{\"type\":\"subscribe\",\"channel\":\"c%d\"}", i);
        fake_client_say(bob, text);
    }
    assert_holds(
        ask("{\"type\":\"look\"}"),
        "\"channel_count\":12,\"channels\":[\"c0\",\"c1\",\"c2\",\"c3\","
        "\"c4\",\"c5\",\"c6\",\"c7\"]");
    fake_client_leave(bob);
}

static void an_invalid_request_is_answered(void **state)
{
    static const char *const texts[] = {
        "x",
        "[]",
        "{}",
        "{\"type\":\"other\"}",
        "{\"type\":1}",
        "{\"type\":\"look\",\"channels\":7}",
        "{\"type\":\"look\",\"channels\":{\"limit\":0}}",
        "{\"type\":\"look\",\"channels\":{\"limit\":101}}",
        "{\"type\":\"look\",\"channels\":{\"limit\":-1}}",
        "{\"type\":\"look\",\"channels\":{\"order\":\"queued\"}}",
        "{\"type\":\"look\",\"channels\":{\"order\":\"\"}}",
        "{\"type\":\"look\",\"connections\":{\"order\":\"subscribers\"}}",
        "{\"type\":\"look\",\"connections\":{\"order\":\"age and more\"}}",
        "{\"type\":\"look\",\"connections\":{\"search\":1}}"};
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_holds(ask(texts[i]), "{\"type\":\"error\",\"code\":");
    assert_int_equal(viewer->connection->bad_messages, COUNT(texts));
    assert_holds(ask("{\"type\":\"look\",\"channels\":{\"limit\":0}}"),
                 "\"message\":\"channels: order must be in, out, ");
    assert_string_equal(ask("{\"type\":\"ping\"}"), "{\"type\":\"pong\"}");
}

static void each_order_is_supported(void **state)
{
    static const char *const orders[] = {"in",        "out",    "bytes_in",
                                         "bytes_out", "queued", "age"};
    char text[64];
    (void)state;
    for (size_t i = 0; i < COUNT(orders); i++) {
        snprintf(text, sizeof text,
                 "{\"type\":\"look\",\"connections\":{\"order\":\"%s\"}}",
                 orders[i]);
        assert_holds(ask(text), "{\"type\":\"look\"");
    }
}

static void a_single_instance_lists_itself(void **state)
{
    (void)state;
    assert_string_equal(ask("{\"type\":\"instances\"}"),
                        "{\"type\":\"instances\",\"instances\":[" FAKE_REPORT
                        "]}");
}

static void the_number_of_dashboards_is_limited(void **state)
{
    enum { MORE = 15 };
    struct fake_client *more[MORE];
    (void)state;
    for (int i = 0; i < MORE; i++)
        more[i] = fake_client_join(fake, 1, &protocol_dashboard, "more", NULL);
    struct fake_client *late =
        fake_client_join(fake, 0, &protocol_dashboard, "late", NULL);
    fake_instance_turn(fake);
    assert_int_equal(late->socket.close_reason, CLOSE_TOO_MANY_CONNECTIONS);
    assert_string_equal(late->socket.close_text,
                        "the limit of 16 open dashboards is reached");
    fake_client_leave(late);
    fake_client_leave(more[0]);
    more[0] = fake_client_join(fake, 0, &protocol_dashboard, "next", NULL);
    assert_false(more[0]->connection->is_closing);
    for (int i = 0; i < MORE; i++)
        fake_client_leave(more[i]);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(hello_describes_the_instance),
        TEST(a_snapshot_has_metrics_channels_and_connections),
        TEST(many_channels_of_a_connection_are_counted),
        TEST(an_invalid_request_is_answered),
        TEST(each_order_is_supported),
        TEST(a_single_instance_lists_itself),
        TEST(the_number_of_dashboards_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
