/* Clients of a local bus whose subscribes and publishes wait for an
 * application, which the test plays, and the events it receives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "fakes/fake_client.h"
#include "messaging/hook.h"
#include "messaging/hub.h"
#include "messaging/operations.h"
#include "messaging/webhook_event.h"
#include "protocols/protocols.h"

enum { QUESTIONS_MAX = 16, PUBLISHES_MAX = 4 };

static struct question *asked[QUESTIONS_MAX];
static unsigned asked_count;
static struct buffer told;

static void ask(struct hooks *hooks, struct question *question)
{
    (void)hooks;
    assert_in_range(asked_count, 0, QUESTIONS_MAX - 1);
    asked[asked_count++] = question;
}

/* "+room alice" and the like, concatenated. */
static void tell(struct hooks *hooks, struct webhook_event *event)
{
    static const char *const marks[EVENT_COUNT] = {
        [EVENT_CONNECTED] = "open ",
        [EVENT_DISCONNECTED] = "closed ",
        [EVENT_CHANNEL_OCCUPIED] = "occupied ",
        [EVENT_CHANNEL_VACATED] = "vacated ",
        [EVENT_MEMBER_ADDED] = "+",
        [EVENT_MEMBER_REMOVED] = "-",
    };
    const struct bytes start = BYTES_LITERAL(",\"event\":\"");
    struct bytes text =
        bytes_skip((struct bytes){event->json, event->len}, start.len);
    (void)hooks;
    for (unsigned kind = 0; kind < EVENT_COUNT; kind++)
        if (bytes_start_with(text, bytes_of(hook_event_name(kind))))
            buffer_append_text(&told, marks[kind]);
    webhook_event_free(event);
}

static const struct hooks_ops ops = {ask, tell};

static char *patterns[] = {"asked:*"};
static const struct text_list some = {patterns, 1};

static struct hooks hooks = {
    .ops = &ops,
    .asked = 1u << HOOK_SUBSCRIBE | 1u << HOOK_PUBLISH,
    .told = (1u << EVENT_COUNT) - 1,
    .channels = {[HOOK_SUBSCRIBE] = &some},
    .publishes_max = PUBLISHES_MAX,
};

static struct fake_instance *fake;
static struct fake_client *alice;

static int begin(void **state)
{
    (void)state;
    asked_count = 0;
    fake = fake_instance_new(1);
    fake->instance.hooks = &hooks;
    alice = fake_client_join(fake, 0, &protocol_broadcast, "alice", "room");
    fake_instance_turn(fake);
    fake_client_skip(alice);
    return 0;
}

static void leave(void)
{
    if (alice)
        fake_client_leave(alice);
    alice = NULL;
    fake_instance_turn(fake);
}

static int end(void **state)
{
    (void)state;
    leave();
    fake_instance_free(fake);
    buffer_deinit(&told);
    told = (struct buffer){0};
    return 0;
}

static void answer(unsigned index, enum hook_result result, const char *payload,
                   const char *reason)
{
    struct question *question = asked[index];
    question->result = result;
    if (payload)
        question->payload = memory_copy_text(payload, strlen(payload));
    if (reason)
        strcpy(question->reason, reason);
    question_finish(question);
    fake_instance_turn(fake);
}

static void allow(unsigned index)
{
    answer(index, HOOK_ALLOWED, NULL, NULL);
}

static void publish(const char *payload)
{
    char text[128];
    snprintf(text, sizeof text,
             "{\"type\":\"broadcast\",\"channel\":\"room\",\"payload\":%s,"
             "\"id\":%s}",
             payload, payload);
    fake_client_say(alice, text);
}

/* Expects that alice's next message has this payload. */
static void assert_hears(const char *payload)
{
    char wanted[64];
    snprintf(wanted, sizeof wanted, "\"payload\":%s,\"offset\"", payload);
    const char *heard = fake_client_hear(alice);
    while (strstr(heard, "broadcastResult"))
        heard = fake_client_hear(alice);
    assert_non_null(strstr(heard, wanted));
}

static void assert_silence(void)
{
    assert_string_equal(fake_client_hear(alice), FAKE_CLIENT_SILENCE);
}

/* --- publish */

static void publishes_keep_their_order(void **state)
{
    (void)state;
    publish("1");
    publish("2");
    publish("3");
    assert_int_equal(asked_count, 3);
    allow(2);
    allow(1);
    assert_silence();
    allow(0);
    assert_hears("1");
    assert_hears("2");
    assert_hears("3");
    assert_null(alice->connection->extra->publish_queue);
}

static void a_refusal_frees_the_queue_for_the_next(void **state)
{
    (void)state;
    publish("1");
    publish("2");
    allow(1);
    answer(0, HOOK_REFUSED, NULL, "no");
    assert_string_equal(fake_client_hear(alice),
                        "{\"type\":\"error\",\"code\":\"refused\","
                        "\"message\":\"no\",\"channel\":\"room\","
                        "\"id\":1}");
    assert_hears("2");
}

static void without_an_answer_it_is_unavailable(void **state)
{
    (void)state;
    publish("1");
    answer(0, HOOK_FAILED, NULL, NULL);
    assert_non_null(strstr(fake_client_hear(alice), "unavailable"));
}

static void a_payload_may_be_changed(void **state)
{
    (void)state;
    publish("1");
    answer(0, HOOK_ALLOWED, "{\"a\":2}", NULL);
    assert_non_null(strstr(fake_client_hear(alice), "{\"a\":2}"));
}

static void the_queue_is_limited(void **state)
{
    (void)state;
    for (int i = 0; i < PUBLISHES_MAX; i++)
        publish("1");
    publish("9");
    assert_int_equal(asked_count, PUBLISHES_MAX);
    assert_non_null(strstr(fake_client_hear(alice), "unavailable"));
    assert_int_equal(fake_instance_metric(fake, METRIC_LIMIT_HOOK_PUBLISHES),
                     1);
    for (int i = 0; i < PUBLISHES_MAX; i++)
        allow((unsigned)i);
}

static void publishes_before_a_disconnect_continue(void **state)
{
    (void)state;
    struct fake_client *bob =
        fake_client_join(fake, 0, &protocol_broadcast, "bob", "room");
    fake_instance_turn(fake);
    fake_client_skip(bob);
    publish("1");
    publish("2");
    leave();
    allow(1);
    allow(0);
    assert_non_null(strstr(fake_client_hear(bob), "\"payload\":1"));
    assert_non_null(strstr(fake_client_hear(bob), "\"payload\":2"));
    fake_client_leave(bob);
}

/* --- subscribe */

static void subscribe(const char *channel)
{
    char text[128];
    snprintf(text, sizeof text, "{\"type\":\"subscribe\",\"channel\":\"%s\"}",
             channel);
    fake_client_say(alice, text);
}

static void only_some_channels_are_asked_about(void **state)
{
    (void)state;
    subscribe("other");
    assert_int_equal(asked_count, 0);
    assert_non_null(strstr(fake_client_hear(alice), "subscribed"));
    subscribe("asked:1");
    assert_int_equal(asked_count, 1);
    assert_silence();
    allow(0);
    assert_non_null(strstr(fake_client_hear(alice), "subscribed"));
}

static void a_refused_subscribe_leaves_nothing(void **state)
{
    (void)state;
    subscribe("asked:1");
    assert_int_equal(alice->connection->subscription_count, 2);
    answer(0, HOOK_REFUSED, NULL, NULL);
    assert_non_null(strstr(fake_client_hear(alice), "\"code\":\"refused\""));
    assert_int_equal(alice->connection->subscription_count, 1);
    assert_int_equal(
        hub_count_listeners(fake->instance.hub, BYTES_LITERAL("asked:1")), 0);
}

static void an_unsubscribe_cancels_a_pending_subscribe(void **state)
{
    (void)state;
    subscribe("asked:1");
    fake_client_say(alice,
                    "{\"type\":\"unsubscribe\",\"channel\":\"asked:1\"}");
    fake_client_skip(alice);
    buffer_clear(&told);
    allow(0);
    assert_non_null(strstr(fake_client_hear(alice), "\"code\":\"cancelled\""));
    assert_string_equal(buffer_text(&told), ""); /* nobody was subscribed */
    assert_int_equal(alice->connection->subscription_count, 1);
}

/* The application is asked about the second one; its first answer is
 * ignored. */
static void a_second_subscribe_is_asked_about_again(void **state)
{
    (void)state;
    subscribe("asked:1");
    fake_client_say(alice,
                    "{\"type\":\"unsubscribe\",\"channel\":\"asked:1\"}");
    subscribe("asked:1");
    fake_client_skip(alice);
    assert_int_equal(asked_count, 1);
    answer(0, HOOK_REFUSED, NULL, NULL);
    assert_non_null(strstr(fake_client_hear(alice), "\"code\":\"refused\""));
    assert_int_equal(asked_count, 2);
    allow(1);
    assert_non_null(strstr(fake_client_hear(alice), "subscribed"));
    assert_int_equal(alice->connection->subscription_count, 2);
}

static void a_lost_connection_subscribes_to_nothing(void **state)
{
    (void)state;
    subscribe("asked:1");
    leave();
    buffer_clear(&told);
    allow(0);
    assert_string_equal(buffer_text(&told), "");
}

/* --- events */

static void events_are_in_order(void **state)
{
    (void)state;
    assert_string_equal(buffer_text(&told), "open occupied +");
    buffer_clear(&told);
    struct fake_client *again =
        fake_client_join(fake, 0, &protocol_broadcast, "alice", "room");
    struct fake_client *bob =
        fake_client_join(fake, 0, &protocol_broadcast, "bob", "room");
    fake_instance_turn(fake);
    assert_string_equal(buffer_text(&told), "open open +");
    buffer_clear(&told);
    fake_client_leave(again);
    fake_client_leave(bob);
    fake_instance_turn(fake);
    assert_string_equal(buffer_text(&told), "closed closed -");
    buffer_clear(&told);
    leave();
    assert_string_equal(buffer_text(&told), "closed -vacated ");
}

static void without_presence_a_channel_has_no_events(void **state)
{
    (void)state;
    buffer_clear(&told);
    subscribe("plain:1");
    assert_string_equal(buffer_text(&told), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(publishes_keep_their_order, begin, end),
        cmocka_unit_test_setup_teardown(a_refusal_frees_the_queue_for_the_next,
                                        begin, end),
        cmocka_unit_test_setup_teardown(without_an_answer_it_is_unavailable,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_payload_may_be_changed, begin, end),
        cmocka_unit_test_setup_teardown(the_queue_is_limited, begin, end),
        cmocka_unit_test_setup_teardown(publishes_before_a_disconnect_continue,
                                        begin, end),
        cmocka_unit_test_setup_teardown(only_some_channels_are_asked_about,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_refused_subscribe_leaves_nothing,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            an_unsubscribe_cancels_a_pending_subscribe, begin, end),
        cmocka_unit_test_setup_teardown(a_second_subscribe_is_asked_about_again,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_lost_connection_subscribes_to_nothing,
                                        begin, end),
        cmocka_unit_test_setup_teardown(events_are_in_order, begin, end),
        cmocka_unit_test_setup_teardown(
            without_presence_a_channel_has_no_events, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
