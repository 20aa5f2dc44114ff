#include "unit.h"

#include "fakes/fake_client.h"
#include "fakes/fake_protocol.h"
#include "fakes/fake_stage.h"
#include "messaging/channel.h"
#include "messaging/hub.h"
#include "messaging/operations.h"

static struct fake_instance *fake;

static int set_up(void **state)
{
    (void)state;
    fake = fake_stage_open(2);
    fake_protocol_notes();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_instance_free(fake);
    return 0;
}

static const struct bytes no_id = {0};

static struct fake_client *join_as(const char *id, const char *caps)
{
    const struct identity identity = {.caps = caps ? fake_caps(caps)
                                                   : caps_everything()};
    struct fake_client *client =
        fake_client_join_as(fake, 0, &fake_protocol, id, NULL, identity);
    fake_protocol_notes();
    return client;
}

static struct fake_client *join(const char *id)
{
    return join_as(id, NULL);
}

static enum fault subscribe(struct fake_client *client, const char *channel)
{
    return operation_subscribe(client->connection, bytes_of(channel), NULL,
                               no_id);
}

static enum fault unsubscribe(struct fake_client *client, const char *channel)
{
    return operation_unsubscribe(client->connection, bytes_of(channel));
}

static const struct utterance one = {.payload = BYTES_LITERAL("1")};

static enum fault publish(struct fake_client *client, const char *channel)
{
    return operation_publish(client->connection, bytes_of(channel), &one,
                             no_id);
}

static enum fault history(struct fake_client *client, const char *channel)
{
    return operation_history(client->connection, bytes_of(channel), 10, no_id);
}

static enum fault presence(struct fake_client *client, const char *channel)
{
    return operation_presence(client->connection, bytes_of(channel), UINT32_MAX,
                              no_id);
}

static enum fault presence_whole(struct fake_client *client,
                                 const char *channel)
{
    return operation_presence_whole(client->connection, bytes_of(channel),
                                    no_id);
}

static enum fault direct(struct fake_client *client, const char *to)
{
    return operation_direct(client->connection, bytes_of(to), &one, no_id);
}

static const char *turn_and_read_notes(void)
{
    fake_instance_turn(fake);
    return fake_protocol_notes();
}

typedef enum fault ask(struct fake_client *client, const char *name);

/* ---- what is allowed ---------------------------------------------- */

static void each_operation_needs_its_capability(void **state)
{
    (void)state;
    static const struct {
        const char *caps;
        ask *allowed;
    } cases[] = {
        {"[{\"channels\":[\"news\"],\"allow\":[\"sub\"]}]", subscribe},
        {"[{\"channels\":[\"news\"],\"allow\":[\"pub\"]}]", publish},
        {"[{\"channels\":[\"news\"],\"allow\":[\"hst\"]}]", history},
        {"[{\"channels\":[\"news\"],\"allow\":[\"prs\"]}]", presence},
        {"[{\"channels\":[\"news\"],\"allow\":[\"dir\"]}]", direct},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fake_client *client = join_as("alice", cases[i].caps);
        for (size_t j = 0; j < COUNT(cases); j++)
            assert_int_equal(cases[j].allowed(client, "news"),
                             i == j ? FAULT_NONE : FAULT_FORBIDDEN);
        assert_int_equal(cases[i].allowed(client, "other"), FAULT_FORBIDDEN);
        fake_client_leave(client);
    }
    fake_protocol_notes();
}

static void names_are_checked_first(void **state)
{
    (void)state;
    static ask *const asks[] = {subscribe, unsubscribe, publish,
                                history,   presence,    presence_whole};
    static const char *const bad[] = {"",     "two words", "caf\xc3\xa9", "a*",
                                      "a\nb", "a\"b",      "a?b"};
    struct fake_client *client = join_as("alice", "[]");
    for (size_t i = 0; i < COUNT(bad); i++) {
        for (size_t j = 0; j < COUNT(asks); j++)
            assert_int_equal(asks[j](client, bad[i]), FAULT_BAD_CHANNEL);
    }
    assert_int_equal(direct(client, ""), FAULT_BAD_CLIENT);
    assert_int_equal(direct(client, "a\nb"), FAULT_BAD_CLIENT);
    assert_int_equal(direct(client, "a/b"), FAULT_FORBIDDEN);
    assert_string_equal(turn_and_read_notes(), "");
    fake_client_leave(client);
}

/* ---- subscribing -------------------------------------------------- */

static void a_subscription_is_answered_with_its_position(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice");
    assert_int_equal(publish(alice, "news"), FAULT_NONE);
    assert_int_equal(subscribe(alice, "news"), FAULT_NONE);
    assert_string_equal(turn_and_read_notes(), "alice: publish news at 1\n"
                                               "alice: subscribe news at 1\n");
    assert_int_equal(publish(alice, "news"), FAULT_NONE);
    fake_instance_turn(fake);
    assert_string_equal(fake_client_hear(alice), "pub news 2 alice 1");
    assert_string_equal(fake_client_hear(alice), FAKE_CLIENT_SILENCE);
    fake_client_leave(alice);
    fake_protocol_notes();
}

static void one_channel_is_subscribed_once(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice");
    assert_int_equal(subscribe(alice, "news"), FAULT_NONE);
    assert_int_equal(subscribe(alice, "news"), FAULT_ALREADY_SUBSCRIBED);
    fake_instance_turn(fake);
    assert_int_equal(subscribe(alice, "news"), FAULT_ALREADY_SUBSCRIBED);
    assert_int_equal(unsubscribe(alice, "news"), FAULT_NONE);
    assert_int_equal(unsubscribe(alice, "news"), FAULT_NOT_SUBSCRIBED);
    assert_int_equal(subscribe(alice, "news"), FAULT_NONE);
    fake_client_leave(alice);
    fake_protocol_notes();
}

static void channels_of_a_connection_are_limited(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice");
    struct fake_client *bob = join("bob");
    assert_int_equal(subscribe(alice, "c1"), FAULT_NONE);
    assert_int_equal(subscribe(alice, "c2"), FAULT_NONE);
    assert_int_equal(subscribe(alice, "c3"), FAULT_NONE);
    assert_int_equal(subscribe(alice, "c4"), FAULT_NONE);
    assert_int_equal(subscribe(alice, "c5"), FAULT_TOO_MANY_CHANNELS);
    assert_int_equal(subscribe(bob, "c5"), FAULT_NONE);
    assert_int_equal(fake_instance_metric(fake, METRIC_LIMIT_SUBSCRIPTIONS), 1);
    fake_instance_turn(fake);
    assert_int_equal(unsubscribe(alice, "c2"), FAULT_NONE);
    assert_int_equal(subscribe(alice, "c5"), FAULT_NONE);
    fake_client_leave(alice);
    fake_client_leave(bob);
    fake_protocol_notes();
}

static void a_refused_subscription_leaves_nothing(void **state)
{
    (void)state;
    fake->options.limits.channels = 1;
    struct fake_client *alice = join("alice");
    subscribe(alice, "c1");
    subscribe(alice, "c2");
    assert_string_equal(turn_and_read_notes(),
                        "alice: subscribe c1 at 0\n"
                        "alice: subscribe c2 too_many_channels\n");
    assert_int_equal(alice->connection->subscription_count, 1);
    assert_null(channel_find(&fake->workers[0], BYTES_LITERAL("c2")));
    assert_int_equal(unsubscribe(alice, "c2"), FAULT_NOT_SUBSCRIBED);
    fake_client_leave(alice);
}

static void a_subscription_may_be_cancelled_before_its_answer(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice");
    assert_int_equal(subscribe(alice, "news"), FAULT_NONE);
    assert_int_equal(unsubscribe(alice, "news"), FAULT_NONE);
    assert_int_equal(unsubscribe(alice, "news"), FAULT_NOT_SUBSCRIBED);
    assert_string_equal(turn_and_read_notes(),
                        "alice: subscribe news cancelled\n");
    assert_null(channel_find(&fake->workers[0], BYTES_LITERAL("news")));
    assert_int_equal(subscribe(alice, "news"), FAULT_NONE);
    assert_string_equal(turn_and_read_notes(), "alice: subscribe news at 0\n");
    fake_client_leave(alice);
}

static void the_last_request_wins(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice");
    subscribe(alice, "news");
    unsubscribe(alice, "news");
    assert_int_equal(subscribe(alice, "news"), FAULT_NONE);
    assert_int_equal(subscribe(alice, "news"), FAULT_ALREADY_SUBSCRIBED);
    assert_string_equal(turn_and_read_notes(),
                        "alice: subscribe news cancelled\n"
                        "alice: subscribe news at 0\n");
    assert_int_equal(publish(alice, "news"), FAULT_NONE);
    fake_instance_turn(fake);
    assert_string_equal(fake_client_hear(alice), "pub news 1 alice 1");
    assert_string_equal(fake_client_hear(alice), FAKE_CLIENT_SILENCE);
    assert_int_equal(unsubscribe(alice, "news"), FAULT_NONE);
    assert_null(channel_find(&fake->workers[0], BYTES_LITERAL("news")));
    fake_client_leave(alice);
    fake_protocol_notes();
}

/* The renewal of a cancelled subscribe is cancelled at once, because it was
 * never submitted. */
static void a_renewal_may_be_cancelled_too(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice");
    subscribe(alice, "news");
    unsubscribe(alice, "news");
    subscribe(alice, "news");
    assert_string_equal(fake_protocol_notes(), "");
    assert_int_equal(unsubscribe(alice, "news"), FAULT_NONE);
    assert_string_equal(fake_protocol_notes(),
                        "alice: subscribe news cancelled\n");
    assert_int_equal(unsubscribe(alice, "news"), FAULT_NOT_SUBSCRIBED);
    assert_string_equal(turn_and_read_notes(),
                        "alice: subscribe news cancelled\n");
    assert_int_equal(alice->connection->subscription_count, 0);
    fake_client_leave(alice);
}

static void a_lost_connection_ends_its_renewals(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice");
    for (int i = 0; i < 3; i++) {
        const char *const channels[] = {"c1", "c2", "c3"};
        subscribe(alice, channels[i]);
        unsubscribe(alice, channels[i]);
        subscribe(alice, channels[i]);
    }
    fake_client_leave(alice);
    fake_instance_turn(fake);
    assert_null(channel_find(&fake->workers[0], BYTES_LITERAL("c1")));
    assert_string_equal(fake_protocol_notes(), "");
}

/* The answer arrives when the close is decided but not started. */
static void a_closed_connection_renews_nothing(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice");
    subscribe(alice, "news");
    unsubscribe(alice, "news");
    subscribe(alice, "news");
    connection_close(alice->connection, CLOSE_FORBIDDEN);
    assert_int_equal(unsubscribe(alice, "news"), FAULT_NONE);
    assert_string_equal(turn_and_read_notes(), "");
    assert_null(channel_find(&fake->workers[0], BYTES_LITERAL("news")));
    fake_client_leave(alice);
}

static void a_pending_channel_that_is_left_frees_its_slot(void **state)
{
    (void)state;
    static const char *const left[] = {"l1", "l2", "l3", "l4", "l5", "l6"};
    static const char *const kept[] = {"c1", "c2", "c3", "c4"};
    struct fake_client *alice = join("alice");
    for (size_t i = 0; i < COUNT(left); i++) {
        assert_int_equal(subscribe(alice, left[i]), FAULT_NONE);
        unsubscribe(alice, left[i]);
    }
    for (size_t i = 0; i < COUNT(kept); i++)
        assert_int_equal(subscribe(alice, kept[i]), FAULT_NONE);
    assert_int_equal(subscribe(alice, "l1"), FAULT_TOO_MANY_CHANNELS);
    fake_instance_turn(fake);
    assert_int_equal(alice->connection->subscription_count, COUNT(kept));
    fake_client_leave(alice);
    fake_protocol_notes();
}

/* One connection in presence, regardless of unfinished subscribes. */
static void assert_members(const char *channel, uint32_t clients)
{
    struct fake_client *judge = join("judge");
    presence(judge, channel);
    fake_instance_turn(fake);
    fake_client_leave(judge);
    fake_protocol_notes();
    assert_int_equal(hub_count_listeners(fake->instance.hub, bytes_of(channel)),
                     clients);
}

static void a_connection_lost_before_the_answer_is_no_subscriber(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice");
    subscribe(alice, "news");
    fake_client_leave(alice);
    assert_members("news", 0);
    assert_null(channel_find(&fake->workers[0], BYTES_LITERAL("news")));
}

static void a_connection_closed_before_the_answer_is_no_subscriber(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice");
    subscribe(alice, "news");
    connection_close(alice->connection, CLOSE_FORBIDDEN);
    assert_string_equal(turn_and_read_notes(), "");
    assert_null(channel_find(&fake->workers[0], BYTES_LITERAL("news")));
    fake_client_leave(alice);
}

/* The answer removes the channel while the closing connection still lists
 * it. */
static void a_closing_connection_tolerates_a_freed_channel(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice");
    struct fake_client *bob = join("bob");
    subscribe(alice, "news");
    connection_close(alice->connection, CLOSE_FORBIDDEN);
    direct(bob, "alice"); /* arrives after that answer */
    fake_instance_turn(fake);
    assert_string_equal(fake_client_hear(alice), FAKE_CLIENT_SILENCE);
    fake_client_leave(alice);
    fake_client_leave(bob);
    fake_protocol_notes();
}

static void disconnecting_leaves_all_channels(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice");
    struct fake_client *carol = join("carol");
    struct fake_client *bob = join("bob");
    subscribe(alice, "loud:1");
    subscribe(carol, "loud:2");
    fake_instance_turn(fake);
    subscribe(bob, "loud:1");
    subscribe(bob, "loud:2");
    fake_instance_turn(fake);
    fake_client_skip(alice);
    fake_client_skip(carol);
    fake_client_leave(bob);
    assert_string_equal(fake_client_hear(alice), "leave loud:1 0 bob -");
    assert_string_equal(fake_client_hear(carol), "leave loud:2 0 bob -");
    fake_client_leave(alice);
    fake_client_leave(carol);
    fake_protocol_notes();
}

/* ---- publishing, asking ------------------------------------------- */

static void publishing_needs_no_subscription(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice");
    struct fake_client *bob = join("bob");
    subscribe(bob, "news");
    fake_instance_turn(fake);
    fake_protocol_notes();
    publish(alice, "news");
    assert_string_equal(turn_and_read_notes(), "alice: publish news at 1\n");
    assert_string_equal(fake_client_hear(bob), "pub news 1 alice 1");
    assert_string_equal(fake_client_hear(alice), FAKE_CLIENT_SILENCE);
    assert_int_equal(fake_instance_metric(fake, METRIC_PUBLISHED), 1);
    fake_client_leave(alice);
    fake_client_leave(bob);
}

static void nothing_is_published_into_full_inboxes(void **state)
{
    (void)state;
    fake->options.limits.inbox_messages = 10;
    struct fake_client *alice = join("alice");
    for (int i = 0; i < 10; i++)
        assert_int_equal(history(alice, "news"), FAULT_NONE);
    assert_int_equal(publish(alice, "news"), FAULT_UNAVAILABLE);
    assert_int_equal(direct(alice, "bob"), FAULT_UNAVAILABLE);
    assert_int_equal(fake_instance_metric(fake, METRIC_LIMIT_INBOX), 2);
    fake_instance_turn(fake);
    assert_int_equal(publish(alice, "news"), FAULT_NONE);
    fake_client_leave(alice);
    fake_protocol_notes();
}

static void a_complete_list_needs_its_capability(void **state)
{
    (void)state;
    struct fake_client *alice =
        join_as("alice", "[{\"channels\":[\"news\"],\"allow\":[\"prs\"]}]");
    assert_int_equal(presence_whole(alice, "news"), FAULT_NONE);
    assert_int_equal(presence_whole(alice, "other"), FAULT_FORBIDDEN);
    assert_string_equal(turn_and_read_notes(), "alice: presence news at 0\n");
    fake_client_leave(alice);
}

static void an_answer_for_a_lost_connection_is_dropped(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice");
    publish(alice, "news");
    history(alice, "news");
    presence(alice, "news");
    presence_whole(alice, "news");
    direct(alice, "alice");
    fake_client_leave(alice);
    assert_string_equal(turn_and_read_notes(), "");
}

static void answers_keep_the_order_of_requests(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice");
    history(alice, "news");
    publish(alice, "news");
    history(alice, "news");
    subscribe(alice, "news");
    presence(alice, "news");
    direct(alice, "nobody");
    assert_string_equal(turn_and_read_notes(), "alice: history news at 0\n"
                                               "alice: publish news at 1\n"
                                               "alice: history news at 1 1\n"
                                               "alice: subscribe news at 1\n"
                                               "alice: presence news at 0\n"
                                               "alice: direct nobody at 0\n");
    fake_client_leave(alice);
}

/* ---- refreshing --------------------------------------------------- */

static enum fault refresh(struct fake_client *client, const char *token,
                          const char **why)
{
    return operation_refresh(client->connection, bytes_of(token), why);
}

static void a_bad_token_changes_nothing(void **state)
{
    (void)state;
    const char *why = NULL;
    struct fake_client *alice =
        join_as("alice", "[{\"channels\":[\"news\"],\"allow\":[\"sub\"]}]");
    subscribe(alice, "news");
    fake_instance_turn(fake);
    assert_int_equal(refresh(alice, "stale", &why), FAULT_BAD_TOKEN);
    assert_string_equal(why, "not fresh");
    assert_int_equal(alice->connection->subscription_count, 1);
    assert_int_equal(publish(alice, "news"), FAULT_FORBIDDEN);
    fake_client_leave(alice);
    fake_protocol_notes();
}

static void a_fresh_token_may_allow_more(void **state)
{
    (void)state;
    const char *why;
    struct fake_client *alice = join_as("alice", "[]");
    assert_int_equal(publish(alice, "news"), FAULT_FORBIDDEN);
    assert_int_equal(refresh(alice, FAKE_TOKEN_FRESH, &why), FAULT_NONE);
    assert_int_equal(publish(alice, "news"), FAULT_NONE);
    fake_client_leave(alice);
    fake_protocol_notes();
}

static void a_fresh_token_may_remove_channels(void **state)
{
    (void)state;
    const char *why;
    struct fake_client *alice = join("alice");
    subscribe(alice, "kept:1");
    subscribe(alice, "gone:1");
    subscribe(alice, "gone:2");
    fake_instance_turn(fake);
    subscribe(alice, "gone:pending");
    fake_protocol_notes();
    fake->fresh_caps = "[{\"channels\":[\"kept:*\"],\"allow\":[\"sub\"]}]";
    assert_int_equal(refresh(alice, FAKE_TOKEN_FRESH, &why), FAULT_NONE);
    const char *notes = turn_and_read_notes();
    assert_non_null(strstr(notes, "alice: unsubscribed gone:1\n"));
    assert_non_null(strstr(notes, "alice: unsubscribed gone:2\n"));
    assert_non_null(strstr(notes, "alice: unsubscribed gone:pending\n"));
    assert_non_null(strstr(notes, "alice: subscribe gone:pending cancelled\n"));
    assert_null(strstr(notes, "kept"));
    assert_int_equal(alice->connection->subscription_count, 1);
    assert_int_equal(subscribe(alice, "gone:1"), FAULT_FORBIDDEN);
    fake_client_leave(alice);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_operation_needs_its_capability),
        TEST(names_are_checked_first),
        TEST(a_subscription_is_answered_with_its_position),
        TEST(one_channel_is_subscribed_once),
        TEST(channels_of_a_connection_are_limited),
        TEST(a_refused_subscription_leaves_nothing),
        TEST(a_subscription_may_be_cancelled_before_its_answer),
        TEST(the_last_request_wins),
        TEST(a_renewal_may_be_cancelled_too),
        TEST(a_lost_connection_ends_its_renewals),
        TEST(a_closed_connection_renews_nothing),
        TEST(a_pending_channel_that_is_left_frees_its_slot),
        TEST(a_connection_lost_before_the_answer_is_no_subscriber),
        TEST(a_connection_closed_before_the_answer_is_no_subscriber),
        TEST(a_closing_connection_tolerates_a_freed_channel),
        TEST(disconnecting_leaves_all_channels),
        TEST(publishing_needs_no_subscription),
        TEST(nothing_is_published_into_full_inboxes),
        TEST(a_complete_list_needs_its_capability),
        TEST(an_answer_for_a_lost_connection_is_dropped),
        TEST(answers_keep_the_order_of_requests),
        TEST(a_bad_token_changes_nothing),
        TEST(a_fresh_token_may_allow_more),
        TEST(a_fresh_token_may_remove_channels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
