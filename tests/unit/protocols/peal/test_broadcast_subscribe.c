#include "unit.h"

#include <stdio.h>

#include "base/log.h"
#include "fakes/fake_client.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_random.h"
#include "protocols/peal/broadcast_subscribe.h"
#include "protocols/protocols.h"

static struct fake_instance *fake;
static struct fake_client *alice;

static int set_up(void **state)
{
    (void)state;
    log_setup(LOG_ERROR, LOG_FORMAT_TEXT);
    fake_clock_stop();
    fake_random_restart();
    fake = fake_instance_new(2);
    alice = fake_client_join(fake, 0, &protocol_broadcast, "alice", NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_client_leave(alice);
    fake_instance_free(fake);
    return 0;
}

#define assert_hears(text) assert_string_equal(fake_client_hear(alice), text)

#define assert_silence() assert_hears(FAKE_CLIENT_SILENCE)

#define BAD_NAME                                                               \
    "\"code\":\"bad_channel\",\"message\":\"channel must be 1 to 164 of "      \
    "A-Z a-z 0-9 _ - = @ , . ; : # $ /\""

#define BAD_NAME_WITH(flaw)                                                    \
    "\"code\":\"bad_channel\",\"message\":\"channel must be 1 to 164 of "      \
    "A-Z a-z 0-9 _ - = @ , . ; : # $ /; " flaw "\""

#define SUBSCRIBED(name, number)                                               \
    "{\"type\":\"subscribed\",\"channel\":\"" name                             \
    "\",\"epoch\":\"000000000000000" number                                    \
    "\",\"offset\":0,\"recovered\":false,\"messages\":[],\"id\":1}"

static void ask(const char *channels)
{
    char text[1000];
    snprintf(text, sizeof text,
             "{\"type\":\"subscribe\",\"channels\":%s,\"id\":1}", channels);
    fake_client_say(alice, text);
}

static void each_channel_of_a_list_is_answered(void **state)
{
    (void)state;
    ask("[\"a\",{\"channel\":\"b\"}, \"c\" ]");
    assert_hears(SUBSCRIBED("a", "1"));
    assert_hears(SUBSCRIBED("b", "2"));
    assert_hears(SUBSCRIBED("c", "3"));
    assert_silence();
    assert_int_equal(alice->connection->subscription_count, 3);
}

static void an_error_affects_only_its_channel(void **state)
{
    (void)state;
    ask("[\"a\",\"no way\",5,null,{},[\"x\"],{\"channel\":\"a\"},\"b\"]");
    assert_hears("{\"type\":\"error\"," BAD_NAME_WITH(
        "found U+0020 at character 3") ",\"channel\":\"no way\",\"id\":1}");
    for (int i = 2; i < 6; i++) {
        char expected[200];
        snprintf(expected, sizeof expected,
                 "{\"type\":\"error\"," BAD_NAME ",\"index\":%d,\"id\":1}", i);
        assert_hears(expected);
    }
    assert_hears("{\"type\":\"error\",\"code\":\"already_subscribed\","
                 "\"message\":\"already subscribed to this channel\","
                 "\"channel\":\"a\",\"id\":1}");
    assert_hears(SUBSCRIBED("a", "1"));
    assert_hears(SUBSCRIBED("b", "2"));
    assert_silence();
}

/* Ten errors would close the connection. */
static void an_invalid_list_is_one_bad_message(void **state)
{
    (void)state;
    fake->options.limits.bad_messages = 2;
    ask("[\"no way\",\"no way\",\"no way\",\"a\"]");
    assert_false(alice->connection->is_closing);
    assert_int_equal(alice->connection->bad_messages, 1);
    assert_int_equal(fake_instance_faults(fake, FAULT_BAD_CHANNEL), 3);
    assert_int_equal(alice->connection->subscription_count, 1);
    ask("[\"no way\",\"b\"]");
    assert_int_equal(alice->connection->close_reason, CLOSE_BAD_MESSAGES);
    fake_client_skip(alice);
}

static void each_refused_entry_counts_separately(void **state)
{
    (void)state;
    fake->options.limits.messages_per_second = 10;
    fake->options.limits.bad_messages = 0;
    /* 12 are left: the list, and 11 of its entries */
    ask("[\"-?\",1,2,3,4,5,6,7,8,9,10,\"a\",\"b\",\"c\",\"d\"]");
    assert_int_equal(alice->connection->subscription_count, 4);
    fake_client_skip(alice);
    ask("[\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\"]");
    assert_false(alice->connection->is_closing);
    ask("[\"a\"]");
    assert_int_equal(alice->connection->close_reason, CLOSE_RATE_LIMIT);
    fake_client_skip(alice);
}

static void refusals_by_the_bus_count_too(void **state)
{
    (void)state;
    fake->options.limits.messages_per_second = 2;
    fake->options.limits.channels = 1;
    for (int i = 0; i < 3; i++) /* 3, 4 and 4 of the 12 that are left */
        ask("[\"x\",\"y\",\"z\"]");
    ask("[\"y\",\"z\"]");
    assert_false(alice->connection->is_closing);
    ask("[]");
    assert_int_equal(alice->connection->close_reason, CLOSE_RATE_LIMIT);
    fake_client_skip(alice);
}

static void channels_beyond_the_limit_are_refused(void **state)
{
    (void)state;
    ask("[\"a\",\"b\",\"c\",\"d\",\"e\"]"); /* of four */
    assert_hears("{\"type\":\"error\",\"code\":\"too_many_channels\","
                 "\"message\":\"the channel limit is reached\","
                 "\"channel\":\"e\",\"id\":1}");
    assert_int_equal(alice->connection->subscription_count, 4);
    fake_client_skip(alice);
}

static void an_entry_recovers_from_its_position(void **state)
{
    (void)state;
    fake_client_say(alice, "{\"type\":\"subscribe\",\"channel\":\"a\"}");
    for (int i = 0; i < 3; i++)
        fake_client_say(
            alice, "{\"type\":\"broadcast\",\"channel\":\"a\",\"payload\":1}");
    fake_client_say(alice, "{\"type\":\"unsubscribe\",\"channel\":\"a\"}");
    fake_client_skip(alice);
    ask("[{\"channel\":\"a\",\"since\":{\"epoch\":\"0000000000000001\","
        "\"offset\":1}},{\"channel\":\"b\",\"since\":7}]");
    assert_non_null(strstr(fake_client_hear(alice), "\"bad_since\""));
    const char *answer = fake_client_hear(alice);
    assert_non_null(strstr(answer, "\"recovered\":true"));
    assert_non_null(strstr(answer, "\"offset\":2"));
    assert_null(strstr(answer, "\"offset\":1,"));
}

static void members_and_history_follow(void **state)
{
    (void)state;
    fake_client_say(alice,
                    "{\"type\":\"broadcast\",\"channel\":\"a\",\"id\":0}");
    fake_client_skip(alice);
    ask("[{\"channel\":\"a\",\"presence\":true,\"history\":1},"
        "{\"channel\":\"b\",\"presence\":false,\"history\":null}]");
    fake_instance_turn(fake);
    assert_non_null(strstr(fake_client_hear(alice), "subscribed"));
    assert_hears(SUBSCRIBED("b", "2"));
    assert_hears(
        "{\"type\":\"presence\",\"channel\":\"a\",\"count\":1,\"clients\":["
        "{\"client\":\"alice\",\"connections\":1}],\"id\":1}");
    assert_non_null(strstr(fake_client_hear(alice),
                           "{\"type\":\"history\",\"channel\":\"a\","));
    assert_silence();
}

/* The subscription is kept, even if what should follow fails. */
static void failures_of_members_and_history_are_reported(void **state)
{
    (void)state;
    ask("[{\"channel\":\"plain:1\",\"presence\":true,\"history\":5}]");
    assert_hears(SUBSCRIBED("plain:1", "1"));
    assert_hears("{\"type\":\"error\",\"code\":\"no_presence\",\"message\":"
                 "\"presence is disabled for this channel\","
                 "\"channel\":\"plain:1\",\"id\":1}");
    assert_hears("{\"type\":\"error\",\"code\":\"no_history\",\"message\":"
                 "\"history is disabled for this channel\","
                 "\"channel\":\"plain:1\",\"id\":1}");
    assert_silence();
}

static void nothing_follows_a_refusal(void **state)
{
    (void)state;
    ask("[{\"channel\":\"a\",\"presence\":true},"
        "{\"channel\":\"a\",\"presence\":true,\"history\":1}]");
    assert_non_null(strstr(fake_client_hear(alice), "\"already_subscribed\""));
    assert_hears(SUBSCRIBED("a", "1"));
    assert_non_null(strstr(fake_client_hear(alice), "\"presence\""));
    assert_silence();
}

/* A single-channel subscribe has the members of a list entry. */
static void a_single_channel_may_have_members_and_history(void **state)
{
    (void)state;
    fake_client_say(alice, "{\"type\":\"subscribe\",\"channel\":\"a\","
                           "\"presence\":true,\"id\":1}");
    assert_hears(SUBSCRIBED("a", "1"));
    assert_non_null(strstr(fake_client_hear(alice), "\"presence\""));
    assert_silence();
}

static void invalid_entries_are_errors(void **state)
{
    (void)state;
    static const char *const odd[] = {"\"presence\":1", "\"presence\":\"yes\"",
                                      "\"history\":-1", "\"history\":\"5\"",
                                      "\"history\":true"};
    fake->options.limits.bad_messages = 0;
    for (size_t i = 0; i < COUNT(odd); i++) {
        char text[100];
        snprintf(text, sizeof text, "[{\"channel\":\"a\",%s}]", odd[i]);
        ask(text);
        assert_hears("{\"type\":\"error\",\"code\":\"bad_request\","
                     "\"message\":\"the message is malformed\","
                     "\"channel\":\"a\",\"id\":1}");
        assert_silence();
    }
}

static void an_empty_list_is_an_error(void **state)
{
    (void)state;
    static const char *const odd[] = {"[]", "{}", "\"a\"", "7", "true"};
    fake->options.limits.bad_messages = 0;
    for (size_t i = 0; i < COUNT(odd); i++) {
        ask(odd[i]);
        assert_hears("{\"type\":\"error\",\"code\":\"bad_request\",\"message\":"
                     "\"channels must be a list of 1 to 1024 channels\","
                     "\"id\":1}");
        assert_silence();
    }
}

static void the_length_of_a_list_is_limited(void **state)
{
    (void)state;
    struct buffer text = {0};
    fake->options.limits.message_bytes = 100000;
    fake->options.limits.bad_messages = 0;
    buffer_append_text(&text, "{\"type\":\"subscribe\",\"channels\":[7");
    for (int i = 0; i < SUBSCRIBE_LIST_MAX; i++)
        buffer_append_text(&text, ",7");
    buffer_append_text(&text, "]}");
    fake_client_say(alice, buffer_text(&text));
    assert_non_null(strstr(fake_client_hear(alice), "\"bad_request\""));
    assert_silence();
    buffer_deinit(&text);
}

static void members_of_an_entry_must_be_in_the_entry(void **state)
{
    (void)state;
    static const char *const members[] = {
        "\"channel\":\"b\"", "\"since\":{\"epoch\":\"0\",\"offset\":1}",
        "\"presence\":true", "\"history\":1"};
    fake->options.limits.bad_messages = 0;
    for (size_t i = 0; i < COUNT(members); i++) {
        char text[200];
        snprintf(text, sizeof text,
                 "{\"type\":\"subscribe\",\"channels\":[\"a\"],%s}",
                 members[i]);
        fake_client_say(alice, text);
        assert_non_null(strstr(fake_client_hear(alice), "\"bad_request\""));
        assert_silence();
    }
    assert_int_equal(alice->connection->subscription_count, 0);
}

static void a_too_long_name_is_reported_by_its_index(void **state)
{
    (void)state;
    char text[400];
    memset(text, 'x', sizeof text);
    memcpy(text, "[\"", 2);
    memcpy(text + sizeof text - 3, "\"]", 3);
    ask(text);
    assert_hears("{\"type\":\"error\"," BAD_NAME ",\"index\":0,\"id\":1}");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_channel_of_a_list_is_answered),
        TEST(an_error_affects_only_its_channel),
        TEST(an_invalid_list_is_one_bad_message),
        TEST(each_refused_entry_counts_separately),
        TEST(refusals_by_the_bus_count_too),
        TEST(channels_beyond_the_limit_are_refused),
        TEST(an_entry_recovers_from_its_position),
        TEST(members_and_history_follow),
        TEST(failures_of_members_and_history_are_reported),
        TEST(nothing_follows_a_refusal),
        TEST(a_single_channel_may_have_members_and_history),
        TEST(invalid_entries_are_errors),
        TEST(an_empty_list_is_an_error),
        TEST(the_length_of_a_list_is_limited),
        TEST(members_of_an_entry_must_be_in_the_entry),
        TEST(a_too_long_name_is_reported_by_its_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
