/* The wire format of protocols/websocket.md, byte by byte. Here the first
 * channel of an instance has the epoch 0000000000000001, the next one ...2. */
#include "unit.h"

#include <stdio.h>

#include "base/log.h"
#include "fakes/fake_client.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_random.h"
#include "messaging/hub.h"
#include "protocols/protocols.h"

#define E1   "\"epoch\":\"0000000000000001\""
#define E2   "\"epoch\":\"0000000000000002\""
#define TIME "\"time\":1700000000000"

static struct fake_instance *fake;
static struct fake_client *alice;
static struct fake_client *bob; /* on another worker */

static struct fake_client *join(unsigned worker, const char *id,
                                const char *channel)
{
    struct fake_client *client =
        fake_client_join(fake, worker, &protocol_broadcast, id, channel);
    fake_instance_turn(fake);
    fake_client_skip(client);
    return client;
}

static int set_up(void **state)
{
    (void)state;
    log_setup(LOG_ERROR, LOG_FORMAT_TEXT);
    fake_clock_stop();
    fake_random_restart();
    fake = fake_instance_new(2);
    alice = join(0, "alice", "news");
    bob = join(1, "bob", "news");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_client_leave(alice);
    fake_client_leave(bob);
    fake_instance_free(fake);
    return 0;
}

#define assert_hears(client, text)                                             \
    assert_string_equal(fake_client_hear(client), text)

#define assert_silence(client) assert_hears(client, FAKE_CLIENT_SILENCE)

/* alice sends one text and receives exactly the other. */
#define assert_answer(said, heard)                                             \
    do {                                                                       \
        fake_client_say(alice, (said));                                        \
        assert_hears(alice, (heard));                                          \
        assert_silence(alice);                                                 \
    } while (0)

/* ---- echo, ping --------------------------------------------------- */

static void echo_returns_the_payload(void **state)
{
    (void)state;
    assert_answer("{\"type\":\"echo\",\"payload\":{\"a\":[1,\"x\"]}}",
                  "{\"type\":\"echo\",\"payload\":{\"a\":[1,\"x\"]}}");
    assert_answer("{\"id\":7,\"payload\":null,\"type\":\"echo\"}",
                  "{\"type\":\"echo\",\"payload\":null,\"id\":7}");
    assert_answer("{\"type\":\"echo\"}",
                  "{\"type\":\"echo\",\"payload\":null}");
    assert_silence(bob);
}

static void payloads_are_forwarded_unchanged(void **state)
{
    (void)state;
    assert_answer("{\"type\":\"echo\",\"payload\": [ "
                  "12345678901234567890.1230 , \"\\u00e9\\/\" ] }",
                  "{\"type\":\"echo\",\"payload\":[ "
                  "12345678901234567890.1230 , \"\\u00e9\\/\" ]}");
}

static void ping_is_answered_with_pong(void **state)
{
    (void)state;
    assert_answer("{\"type\":\"ping\"}", "{\"type\":\"pong\"}");
    assert_answer("{\"type\":\"ping\",\"id\":\"x\"}",
                  "{\"type\":\"pong\",\"id\":\"x\"}");
}

/* ---- broadcast ---------------------------------------------------- */

static void a_broadcast_reaches_every_subscriber(void **state)
{
    (void)state;
    fake_client_say(alice, "{\"type\":\"broadcast\",\"channel\":\"news\","
                           "\"payload\":{\"n\":1},\"id\":5}");
    assert_hears(alice, "{\"type\":\"broadcastResult\",\"payload\":{\"n\":1},"
                        "\"listenerCount\":2,\"channel\":\"news\","
                        "\"offset\":1,\"id\":5}");
    assert_hears(alice, "{\"type\":\"broadcast\",\"channel\":\"news\","
                        "\"from\":\"alice\",\"payload\":{\"n\":1},"
                        "\"offset\":1," TIME "}");
    assert_hears(bob, "{\"type\":\"broadcast\",\"channel\":\"news\","
                      "\"from\":\"alice\",\"payload\":{\"n\":1},"
                      "\"offset\":1," TIME "}");
    assert_silence(alice);
    assert_silence(bob);
}

/* websocket-shootout sends no channel and no id. */
static void the_only_channel_need_not_be_named(void **state)
{
    (void)state;
    fake_client_say(alice, "{\"type\":\"broadcast\",\"payload\":\"x\"}");
    assert_hears(alice, "{\"type\":\"broadcastResult\",\"payload\":\"x\","
                        "\"listenerCount\":2,\"channel\":\"news\","
                        "\"offset\":1}");
    fake_client_say(alice, "{\"type\":\"subscribe\",\"channel\":\"more\"}");
    fake_client_skip(alice);
    assert_answer("{\"type\":\"broadcast\",\"payload\":\"x\",\"id\":1}",
                  "{\"type\":\"error\",\"code\":\"no_channel\",\"message\":"
                  "\"channel may be omitted only while exactly one is "
                  "subscribed\",\"id\":1}");
}

static void publishing_elsewhere_needs_no_subscription(void **state)
{
    (void)state;
    assert_answer("{\"type\":\"broadcast\",\"channel\":\"other\"}",
                  "{\"type\":\"broadcastResult\",\"payload\":null,"
                  "\"listenerCount\":0,\"channel\":\"other\",\"offset\":1}");
    assert_silence(bob);
}

/* ---- subscribe, unsubscribe --------------------------------------- */

static void a_channel_in_the_url_is_subscribed(void **state)
{
    (void)state;
    struct fake_client *carol =
        fake_client_join(fake, 0, &protocol_broadcast, "carol", "news");
    fake_instance_turn(fake);
    assert_hears(carol, "{\"type\":\"subscribed\",\"channel\":\"news\"," E1
                        ",\"offset\":0,\"recovered\":false,\"messages\":[]}");
    assert_silence(carol);
    fake_client_leave(carol);
}

static void an_invalid_channel_in_the_url_is_an_error(void **state)
{
    (void)state;
    struct fake_client *carol =
        fake_client_join(fake, 0, &protocol_broadcast, "carol", "no way");
    fake_instance_turn(fake);
    assert_hears(carol, "{\"type\":\"error\",\"code\":\"bad_channel\","
                        "\"message\":\"channel must be 1 to 164 of A-Z a-z "
                        "0-9 _ - = @ , . ; : # $ /; found U+0020 at character "
                        "3\"}");
    fake_client_leave(carol);
}

static void subscribe_returns_the_position(void **state)
{
    (void)state;
    fake_client_say(bob, "{\"type\":\"broadcast\",\"channel\":\"more\"}");
    assert_answer("{\"type\":\"subscribe\",\"channel\":\"more\",\"id\":2}",
                  "{\"type\":\"subscribed\",\"channel\":\"more\"," E2
                  ",\"offset\":1,\"recovered\":false,\"messages\":[],"
                  "\"id\":2}");
}

static void missed_messages_are_in_the_answer(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        fake_client_say(bob, "{\"type\":\"broadcast\",\"channel\":\"more\","
                             "\"payload\":[1]}");
    assert_answer(
        "{\"type\":\"subscribe\",\"channel\":\"more\",\"since\":{" E2
        ",\"offset\":1},\"id\":2}",
        "{\"type\":\"subscribed\",\"channel\":\"more\"," E2
        ",\"offset\":3,\"recovered\":true,\"messages\":["
        "{\"type\":\"broadcast\",\"channel\":\"more\",\"from\":\"bob\","
        "\"payload\":[1],\"offset\":2," TIME "},"
        "{\"type\":\"broadcast\",\"channel\":\"more\",\"from\":\"bob\","
        "\"payload\":[1],\"offset\":3," TIME "}],\"id\":2}");
}

static void another_epoch_recovers_nothing(void **state)
{
    (void)state;
    static const char *const epochs[] = {"\"0000000000000009\"",
                                         "\"\"",
                                         "\"x\"",
                                         "\"00000000000000000001\"",
                                         "\"zzzzzzzzzzzzzzzz\"",
                                         "\"\\u0000\""};
    for (size_t i = 0; i < COUNT(epochs); i++) {
        char text[200];
        snprintf(text, sizeof text,
                 "{\"type\":\"subscribe\",\"channel\":\"more\",\"since\":"
                 "{\"epoch\":%s,\"offset\":0}}",
                 epochs[i]);
        assert_answer(text, "{\"type\":\"subscribed\",\"channel\":\"more\"," E2
                            ",\"offset\":0,\"recovered\":false,"
                            "\"messages\":[]}");
        fake_client_say(alice, "{\"type\":\"unsubscribe\","
                               "\"channel\":\"more\"}");
        fake_client_skip(alice);
    }
}

/* The number is correct, but not in its original form. */
static void an_epoch_in_another_form_recovers_nothing(void **state)
{
    (void)state;
    static const char *const epochs[] = {" 000000000000002", "+000000000000002",
                                         "0x00000000000002", "000000000000002"};
    fake_client_say(bob, "{\"type\":\"broadcast\",\"channel\":\"more\"}");
    for (size_t i = 0; i < COUNT(epochs); i++) {
        char text[200];
        snprintf(text, sizeof text,
                 "{\"type\":\"subscribe\",\"channel\":\"more\",\"since\":"
                 "{\"epoch\":\"%s\",\"offset\":0}}",
                 epochs[i]);
        assert_answer(text, "{\"type\":\"subscribed\",\"channel\":\"more\"," E2
                            ",\"offset\":1,\"recovered\":false,"
                            "\"messages\":[]}");
        fake_client_say(alice, "{\"type\":\"unsubscribe\","
                               "\"channel\":\"more\"}");
        fake_client_skip(alice);
    }
}

static void an_invalid_since_is_an_error(void **state)
{
    (void)state;
    static const char *const sinces[] = {
        "1",
        "[]",
        "\"x\"",
        "{}",
        "{\"epoch\":\"0000000000000001\"}",
        "{\"offset\":1}",
        "{\"epoch\":1,\"offset\":1}",
        "{\"epoch\":\"0000000000000001\",\"offset\":-1}",
        "{\"epoch\":\"0000000000000001\",\"offset\":1.5}",
        "{\"epoch\":\"0000000000000001\",\"offset\":\"1\"}"};
    fake->options.limits.bad_messages = 0;
    for (size_t i = 0; i < COUNT(sinces); i++) {
        char text[200];
        snprintf(text, sizeof text,
                 "{\"type\":\"subscribe\",\"channel\":\"more\",\"since\":%s}",
                 sinces[i]);
        assert_answer(text,
                      "{\"type\":\"error\",\"code\":\"bad_since\","
                      "\"message\":\"since must contain an epoch and offset "
                      "sent by the server\",\"channel\":\"more\"}");
    }
}

static void subscribing_needs_a_valid_name_and_position(void **state)
{
    (void)state;
    fake_client_say(alice, "{\"type\":\"subscribe\",\"id\":1}");
    assert_non_null(strstr(fake_client_hear(alice), "\"bad_channel\""));
    assert_answer("{\"type\":\"subscribe\",\"channel\":\"news\",\"id\":1}",
                  "{\"type\":\"error\",\"code\":\"already_subscribed\","
                  "\"message\":\"already subscribed to this channel\","
                  "\"channel\":\"news\",\"id\":1}");
}

static void unsubscribe_is_answered_at_once(void **state)
{
    (void)state;
    assert_answer("{\"type\":\"unsubscribe\",\"channel\":\"news\",\"id\":3}",
                  "{\"type\":\"unsubscribed\",\"channel\":\"news\",\"id\":3}");
    fake_client_say(bob, "{\"type\":\"broadcast\"}");
    assert_silence(alice);
    assert_answer(
        "{\"type\":\"unsubscribe\",\"channel\":\"news\"}",
        "{\"type\":\"error\",\"code\":\"not_subscribed\","
        "\"message\":\"not subscribed to this channel\",\"channel\":\"news\"}");
}

/* ---- direct, presence, history ------------------------------------ */

static void direct_reaches_all_connections_of_a_client(void **state)
{
    (void)state;
    struct fake_client *second = join(0, "bob", NULL);
    assert_answer("{\"type\":\"direct\",\"to\":\"bob\",\"payload\":[1],"
                  "\"id\":4}",
                  "{\"type\":\"directResult\",\"to\":\"bob\","
                  "\"connectionCount\":2,\"id\":4}");
    assert_hears(bob, "{\"type\":\"direct\",\"from\":\"alice\","
                      "\"payload\":[1]}");
    assert_hears(second, "{\"type\":\"direct\",\"from\":\"alice\","
                         "\"payload\":[1]}");
    assert_answer("{\"type\":\"direct\",\"to\":\"nobody\",\"id\":\"x\"}",
                  "{\"type\":\"directResult\",\"to\":\"nobody\","
                  "\"connectionCount\":0,\"id\":\"x\"}");
    fake_client_leave(second);
}

static void direct_without_id_is_not_answered(void **state)
{
    (void)state;
    fake_client_say(alice, "{\"type\":\"direct\",\"to\":\"bob\"}");
    assert_silence(alice);
    assert_hears(bob, "{\"type\":\"direct\",\"from\":\"alice\","
                      "\"payload\":null}");
}

static void direct_needs_a_client(void **state)
{
    (void)state;
    static const struct {
        const char *to;
        const char *flaw;
    } bad[] = {
        {"", ""},
        {",\"to\":null", ""},
        {",\"to\":1", "; it is not a string"},
        {",\"to\":\"\"", "; it is empty"},
        {",\"to\":\"a\\u0000\"", "; found U+0000 at character 2"},
        {",\"to\":\"\xc3\xa9\xc2\x85\"", "; found U+0085 at character 2"},
    };
    fake->options.limits.bad_messages = 0;
    for (size_t i = 0; i < COUNT(bad); i++) {
        char text[100];
        char expected[300];
        snprintf(text, sizeof text, "{\"type\":\"direct\"%s}", bad[i].to);
        snprintf(expected, sizeof expected,
                 "{\"type\":\"error\",\"code\":\"bad_client\",\"message\":\"to "
                 "must be 1 to 128 bytes of UTF-8 without control "
                 "characters%s\"}",
                 bad[i].flaw);
        assert_answer(text, expected);
    }
}

static void presence_lists_clients_and_connections(void **state)
{
    (void)state;
    struct fake_client *second = join(0, "alice", "news");
    assert_answer(
        "{\"type\":\"presence\",\"id\":6}",
        "{\"type\":\"presence\",\"channel\":\"news\",\"count\":2,\"clients\":["
        "{\"client\":\"alice\",\"connections\":2},"
        "{\"client\":\"bob\",\"connections\":1}],\"id\":6}");
    assert_answer("{\"type\":\"presence\",\"channel\":\"empty\"}",
                  "{\"type\":\"presence\",\"channel\":\"empty\","
                  "\"count\":0,\"clients\":[]}");
    assert_answer("{\"type\":\"presence\",\"limit\":0}",
                  "{\"type\":\"presence\",\"channel\":\"news\","
                  "\"count\":2,\"clients\":[]}");
    assert_answer("{\"type\":\"presence\",\"channel\":\"plain:1\"}",
                  "{\"type\":\"error\",\"code\":\"no_presence\",\"message\":"
                  "\"presence is disabled for this channel\","
                  "\"channel\":\"plain:1\"}");
    fake_client_leave(second);
}

static void history_lists_the_newest_oldest_first(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        fake_client_say(bob, "{\"type\":\"broadcast\",\"payload\":[1]}");
    fake_client_skip(alice);
    assert_answer("{\"type\":\"history\",\"limit\":2,\"id\":7}",
                  "{\"type\":\"history\",\"channel\":\"news\"," E1
                  ",\"offset\":3,\"messages\":["
                  "{\"type\":\"broadcast\",\"channel\":\"news\","
                  "\"from\":\"bob\",\"payload\":[1],\"offset\":2," TIME "},"
                  "{\"type\":\"broadcast\",\"channel\":\"news\","
                  "\"from\":\"bob\",\"payload\":[1],\"offset\":3," TIME
                  "}],\"id\":7}");
    assert_answer("{\"type\":\"history\",\"limit\":0}",
                  "{\"type\":\"history\",\"channel\":\"news\"," E1
                  ",\"offset\":3,\"messages\":[]}");
    fake_client_say(alice, "{\"type\":\"history\"}");
    assert_non_null(strstr(fake_client_hear(alice), "\"offset\":1,"));
    fake_client_say(alice, "{\"type\":\"history\",\"limit\":99999999999}");
    assert_non_null(strstr(fake_client_hear(alice), "\"offset\":1,"));
}

/* Go, Java and .NET write unset members as null, and some write every number
 * with a fraction. */
static void null_equals_a_missing_member(void **state)
{
    (void)state;
    fake_client_say(alice, "{\"type\":\"subscribe\",\"channel\":\"more\","
                           "\"since\":null}");
    assert_non_null(strstr(fake_client_hear(alice), "\"subscribed\""));
    fake_client_say(alice, "{\"type\":\"unsubscribe\",\"channel\":\"more\"}");
    fake_client_hear(alice);
    fake_client_say(alice, "{\"type\":\"history\",\"limit\":null,"
                           "\"channel\":null}");
    assert_non_null(strstr(fake_client_hear(alice), "\"messages\":["));
    assert_answer("{\"type\":\"ping\",\"id\":null}", "{\"type\":\"pong\"}");
    assert_answer(
        "{\"type\":\"subscribe\",\"channel\":null}",
        "{\"type\":\"error\",\"code\":\"bad_channel\",\"message\":"
        "\"channel must be 1 to 164 of A-Z a-z 0-9 _ - = @ , . ; : # $ /\"}");
}

static void whole_numbers_may_have_a_fraction_of_zero(void **state)
{
    (void)state;
    static const char *const good[] = {"2", "2.0", "2e0", "20e-1"};
    for (size_t i = 0; i < COUNT(good); i++) {
        char text[100];
        snprintf(text, sizeof text, "{\"type\":\"history\",\"limit\":%s}",
                 good[i]);
        fake_client_say(alice, text);
        assert_non_null(strstr(fake_client_hear(alice), "\"messages\":["));
    }
}

static void history_needs_a_numeric_limit(void **state)
{
    (void)state;
    static const char *const bad[] = {"-1",   "1.5", "\"2\"",
                                      "true", "[]",  "99999999999999999999999"};
    fake->options.limits.bad_messages = 0;
    for (size_t i = 0; i < COUNT(bad); i++) {
        char text[100];
        snprintf(text, sizeof text, "{\"type\":\"history\",\"limit\":%s}",
                 bad[i]);
        fake_client_say(alice, text);
        assert_non_null(strstr(fake_client_hear(alice), "\"bad_request\""));
    }
    assert_answer("{\"type\":\"history\",\"channel\":\"plain:1\"}",
                  "{\"type\":\"error\",\"code\":\"no_history\",\"message\":"
                  "\"history is disabled for this channel\","
                  "\"channel\":\"plain:1\"}");
}

/* ---- refresh ------------------------------------------------------ */

static void refresh_accepts_a_fresh_token(void **state)
{
    (void)state;
    assert_answer("{\"type\":\"refresh\",\"token\":\"" FAKE_TOKEN_FRESH
                  "\",\"id\":1}",
                  "{\"type\":\"refreshed\",\"expires\":1700001000,\"id\":1}");
}

static void refresh_with_an_invalid_token_is_an_error(void **state)
{
    (void)state;
    static const char *const bad[] = {",\"token\":\"stale\"", "",
                                      ",\"token\":1", ",\"token\":\"\""};
    fake->options.limits.bad_messages = 0;
    for (size_t i = 0; i < COUNT(bad); i++) {
        char text[100];
        snprintf(text, sizeof text, "{\"type\":\"refresh\"%s}", bad[i]);
        assert_answer(text, "{\"type\":\"error\",\"code\":\"bad_token\","
                            "\"message\":\"the token is not valid\"}");
    }
}

static void channels_forbidden_by_a_fresh_token_are_unsubscribed(void **state)
{
    (void)state;
    fake->fresh_caps = "[]";
    fake_client_say(alice, "{\"type\":\"refresh\",\"token\":\"fresh\"}");
    assert_hears(alice, "{\"type\":\"unsubscribed\",\"channel\":\"news\"}");
    assert_hears(alice, "{\"type\":\"refreshed\",\"expires\":1700001000}");
    assert_answer("{\"type\":\"broadcast\",\"channel\":\"news\"}",
                  "{\"type\":\"error\",\"code\":\"forbidden\",\"message\":"
                  "\"the token does not allow this\","
                  "\"channel\":\"news\"}");
}

/* ---- join, leave, gap --------------------------------------------- */

static void joins_and_leaves_are_sent_to_others(void **state)
{
    (void)state;
    fake_client_say(alice, "{\"type\":\"subscribe\",\"channel\":\"loud:1\"}");
    fake_client_skip(alice);
    struct fake_client *carol =
        fake_client_join(fake, 1, &protocol_broadcast, "carol", "loud:1");
    fake_instance_turn(fake);
    assert_hears(alice, "{\"type\":\"join\",\"channel\":\"loud:1\","
                        "\"client\":\"carol\"}");
    assert_hears(carol, "{\"type\":\"subscribed\",\"channel\":\"loud:1\"," E2
                        ",\"offset\":0,\"recovered\":false,\"messages\":[]}");
    assert_silence(carol);
    fake_client_leave(carol);
    assert_hears(alice, "{\"type\":\"leave\",\"channel\":\"loud:1\","
                        "\"client\":\"carol\"}");
    assert_silence(alice);
}

static void a_gap_names_its_channel(void **state)
{
    (void)state;
    struct message *gap = message_new(MESSAGE_GAP, BYTES_LITERAL("news"),
                                      (struct bytes){0}, (struct bytes){0});
    hub_deliver(fake->instance.hub, gap);
    message_unref(gap);
    fake_instance_turn(fake);
    assert_hears(alice, "{\"type\":\"gap\",\"channel\":\"news\"}");
}

static void a_message_without_sender_has_no_from(void **state)
{
    (void)state;
    struct message *message =
        message_new(MESSAGE_PUBLICATION, BYTES_LITERAL("news"),
                    (struct bytes){0}, BYTES_LITERAL("1"));
    message->offset = 9;
    message->time_ms = 5;
    hub_deliver(fake->instance.hub, message);
    message_unref(message);
    fake_instance_turn(fake);
    assert_hears(alice, "{\"type\":\"broadcast\",\"channel\":\"news\","
                        "\"payload\":1,\"offset\":9,\"time\":5}");
}

/* ---- errors ------------------------------------------------------- */

static void an_invalid_message_is_an_error(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"", "expected an object at byte 1"},
        {"hello", "expected an object at byte 1"},
        {"[]", "expected an object at byte 1"},
        {"{\"type\":\"ping\"", "expected , or } at byte 15"},
        {"{\"type\":\"ping\"} x", "text after the object at byte 17"},
        {"{\"type\":\"ping\",\"id\":01}", "expected , or } at byte 22"},
        {"{\"type\":\"echo\",\"payload\":\"a\\ud800\"}",
         "lone surrogate at byte 28"},
        {"{\"type\":\"echo\",\"payload\":{\"a\":1e999}}",
         "number too big for a double at byte 31"},
    };
    fake->options.limits.bad_messages = 0;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char expected[200];
        snprintf(expected, sizeof expected,
                 "{\"type\":\"error\",\"code\":\"bad_request\","
                 "\"message\":\"%s\"}",
                 cases[i].message);
        assert_answer(cases[i].text, expected);
    }
}

static void an_unknown_type_is_an_error(void **state)
{
    (void)state;
    static const char *const types[] = {
        "\"type\":\"nope\"",
        "\"type\":\"Ping\"",
        "\"type\":1",
        "\"type\":null",
        "\"type\":\"\"",
        "\"Type\":\"ping\"",
        "\"type\":\"a type far longer than any of ours could be\""};
    fake->options.limits.bad_messages = 0;
    for (size_t i = 0; i < COUNT(types); i++) {
        char text[100];
        snprintf(text, sizeof text, "{%s,\"id\":11}", types[i]);
        assert_answer(text, "{\"type\":\"error\",\"code\":\"unknown_type\","
                            "\"message\":\"unknown message type\",\"id\":11}");
    }
}

static void names_may_be_escaped(void **state)
{
    (void)state;
    assert_answer("{\"\\u0074ype\":\"p\\u0069ng\"}", "{\"type\":\"pong\"}");
}

static void binary_is_an_error(void **state)
{
    (void)state;
    connection_receive(alice->connection, BYTES_LITERAL("{\"type\":\"ping\"}"),
                       0, true, true);
    fake_instance_turn(fake);
    assert_hears(alice, "{\"type\":\"error\",\"code\":\"binary\",\"message\":"
                        "\"this protocol accepts only text messages\"}");
}

static void an_id_is_a_number_or_a_short_text(void **state)
{
    (void)state;
    static const char *const good[] = {
        "0",
        "-1.5e3",
        "12345678901234567890123",
        "\"\"",
        "\"a\\u00e9\"",
        "\"12345678901234567890123456789012345678901234567890123456789012\""};
    static const char *const bad[] = {
        "{}", "[1]",
        "\"123456789012345678901234567890123456789012345678901234567890123\""};
    char text[200];
    char expected[200];
    fake->options.limits.bad_messages = 0;
    for (size_t i = 0; i < COUNT(good); i++) {
        snprintf(text, sizeof text, "{\"type\":\"ping\",\"id\":%s}", good[i]);
        snprintf(expected, sizeof expected, "{\"type\":\"pong\",\"id\":%s}",
                 good[i]);
        assert_answer(text, expected);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        snprintf(text, sizeof text, "{\"type\":\"ping\",\"id\":%s}", bad[i]);
        assert_answer(text, "{\"type\":\"error\",\"code\":\"bad_request\","
                            "\"message\":\"id must be a number or a string of "
                            "up to 62 bytes\"}");
    }
}

static void channel_names_are_checked(void **state)
{
    (void)state;
    static const char *const types[] = {"broadcast", "subscribe", "unsubscribe",
                                        "presence", "history"};
    fake->options.limits.bad_messages = 0;
    for (size_t i = 0; i < COUNT(types); i++) {
        char text[100];
        snprintf(text, sizeof text, "{\"type\":\"%s\",\"channel\":\"a b\"}",
                 types[i]);
        fake_client_say(alice, text);
        assert_non_null(strstr(fake_client_hear(alice), "\"bad_channel\""));
        snprintf(text, sizeof text, "{\"type\":\"%s\",\"channel\":7}",
                 types[i]);
        fake_client_say(alice, text);
        assert_non_null(strstr(fake_client_hear(alice), "\"bad_channel\""));
    }
}

static void too_many_bad_messages_close_the_connection(void **state)
{
    (void)state;
    for (uint32_t i = 1; i < fake->options.limits.bad_messages; i++)
        fake_client_say(alice, "bad");
    assert_int_equal(alice->socket.closes, 0);
    fake_client_say(alice, "bad");
    assert_int_equal(alice->socket.close_reason, CLOSE_BAD_MESSAGES);
    assert_int_equal(fake_socket_count(&alice->socket),
                     fake->options.limits.bad_messages);
}

static void limits_are_reported_by_their_code(void **state)
{
    (void)state;
    fake->options.limits.channels_per_connection = 1;
    assert_answer("{\"type\":\"subscribe\",\"channel\":\"more\",\"id\":1}",
                  "{\"type\":\"error\",\"code\":\"too_many_channels\","
                  "\"message\":\"the channel limit is reached\","
                  "\"channel\":\"more\",\"id\":1}");
    fake->options.limits.inbox_messages = 0;
    assert_answer("{\"type\":\"broadcast\",\"id\":2}",
                  "{\"type\":\"error\",\"code\":\"unavailable\","
                  "\"message\":\"try again later\","
                  "\"channel\":\"news\",\"id\":2}");
}

/* ---- the rate ------------------------------------------------------ */

static bool is_put_out(const struct fake_client *client)
{
    return client->connection->close_reason == CLOSE_RATE_LIMIT;
}

static void say_often(struct fake_client *client, const char *text, int times)
{
    for (int i = 0; i < times; i++)
        connection_receive(client->connection, bytes_of(text), 0, true, false);
}

/* Three requests for each of at most four channels. */
static void returning_to_channels_costs_nothing(void **state)
{
    (void)state;
    fake->options.limits.messages_per_second = 2;
    fake->options.limits.channels_per_connection = 4;
    say_often(alice, "{\"type\":\"subscribe\",\"channel\":\"x\"}", 4);
    say_often(alice, "{\"type\":\"history\",\"channel\":\"x\"}", 4);
    say_often(alice, "{\"type\":\"presence\",\"channel\":\"x\"}", 4);
    say_often(alice, "{\"type\":\"ping\"}", 2);
    assert_false(is_put_out(alice));
    say_often(alice, "{\"type\":\"presence\",\"channel\":\"x\"}", 1);
    assert_true(is_put_out(alice));
    fake_client_skip(alice);
}

static void everything_else_counts_from_the_start(void **state)
{
    (void)state;
    static const char *const others[] = {
        "{\"type\":\"ping\"}",
        "{\"type\":\"broadcast\",\"channel\":\"x\"}",
        "{\"type\":\"unsubscribe\",\"channel\":\"x\"}",
        "{\"type\":\"nope\"}",
        "{\"type\":\"subscribe\",\"id\":[]}",
        "{\"type\":\"subscribe\"",
        "{}"};
    fake->options.limits.messages_per_second = 2;
    fake->options.limits.bad_messages = 0;
    for (size_t i = 0; i < COUNT(others); i++) {
        struct fake_client *carol = join(0, "carol", NULL);
        say_often(carol, others[i], 2);
        assert_false(is_put_out(carol));
        say_often(carol, others[i], 1);
        assert_true(is_put_out(carol));
        fake_client_leave(carol);
    }
}

/* ---- hello --------------------------------------------------------- */

static void hello_comes_first_on_request(void **state)
{
    (void)state;
    static const struct bytes channel = BYTES_LITERAL("news");
    fake->options.limits.messages_per_second = 20;
    struct fake_client *carol = join(0, "carol", NULL);
    carol->connection->wants_hello = true;
    protocol_broadcast.on_open(carol->connection, &channel, 1);
    fake_instance_turn(fake);
    assert_hears(carol, "{\"type\":\"hello\",\"protocol_version\":1,"
                        "\"connection\":\"0-100000001\",\"limits\":{"
                        "\"message_bytes\":1000,\"messages_per_second\":20,"
                        "\"burst\":20,\"opening_burst\":12,\"channels\":4},"
                        "\"ping_seconds\":25}");
    assert_non_null(strstr(fake_client_hear(carol), "\"subscribed\""));
    fake_client_leave(carol);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(echo_returns_the_payload),
        TEST(payloads_are_forwarded_unchanged),
        TEST(ping_is_answered_with_pong),
        TEST(a_broadcast_reaches_every_subscriber),
        TEST(the_only_channel_need_not_be_named),
        TEST(publishing_elsewhere_needs_no_subscription),
        TEST(a_channel_in_the_url_is_subscribed),
        TEST(an_invalid_channel_in_the_url_is_an_error),
        TEST(subscribe_returns_the_position),
        TEST(missed_messages_are_in_the_answer),
        TEST(another_epoch_recovers_nothing),
        TEST(an_epoch_in_another_form_recovers_nothing),
        TEST(an_invalid_since_is_an_error),
        TEST(subscribing_needs_a_valid_name_and_position),
        TEST(unsubscribe_is_answered_at_once),
        TEST(direct_reaches_all_connections_of_a_client),
        TEST(direct_without_id_is_not_answered),
        TEST(direct_needs_a_client),
        TEST(presence_lists_clients_and_connections),
        TEST(history_lists_the_newest_oldest_first),
        TEST(null_equals_a_missing_member),
        TEST(whole_numbers_may_have_a_fraction_of_zero),
        TEST(history_needs_a_numeric_limit),
        TEST(refresh_accepts_a_fresh_token),
        TEST(refresh_with_an_invalid_token_is_an_error),
        TEST(channels_forbidden_by_a_fresh_token_are_unsubscribed),
        TEST(joins_and_leaves_are_sent_to_others),
        TEST(a_gap_names_its_channel),
        TEST(a_message_without_sender_has_no_from),
        TEST(an_invalid_message_is_an_error),
        TEST(an_unknown_type_is_an_error),
        TEST(names_may_be_escaped),
        TEST(binary_is_an_error),
        TEST(an_id_is_a_number_or_a_short_text),
        TEST(channel_names_are_checked),
        TEST(too_many_bad_messages_close_the_connection),
        TEST(limits_are_reported_by_their_code),
        TEST(returning_to_channels_costs_nothing),
        TEST(everything_else_counts_from_the_start),
        TEST(hello_comes_first_on_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
