#include "unit.h"

#include <stdio.h>

#include "bus/local/bus_local.h"
#include "fakes/fake_client.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_protocol.h"
#include "fakes/fake_random.h"
#include "messaging/bus.h"
#include "messaging/channel.h"

/* The last answer, copied because its request is freed. */
static struct answer {
    unsigned count;
    enum fault fault;
    struct position position;
    bool recovered;
    char offsets[256]; /* offsets of the messages: "1 2 3" */
    char members[256]; /* "alice 1 bob 2" */
    uint32_t connections;
    uint32_t instances;
} answer;

static struct fake_instance *fake;

static int set_up(void **state)
{
    (void)state;
    fake_clock_stop();
    fake_random_restart();
    fake = fake_instance_new(1);
    answer = (struct answer){0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_instance_free(fake);
    return 0;
}

static void append(char *text, size_t size, const char *more)
{
    size_t len = strlen(text);
    snprintf(text + len, size - len, "%s%s", len ? " " : "", more);
}

static void keep_answer(struct worker *worker, struct request *request)
{
    (void)worker;
    char text[64];
    answer.count++;
    answer.fault = request->fault;
    answer.position = request->position;
    answer.recovered = request->recovered;
    answer.connections = request->connections;
    answer.instances = request->instances;
    answer.offsets[0] = answer.members[0] = '\0';
    for (size_t i = 0; i < request->message_count; i++) {
        snprintf(text, sizeof text, "%llu",
                 (unsigned long long)request->messages[i]->offset);
        append(answer.offsets, sizeof answer.offsets, text);
    }
    for (size_t i = 0; i < request->member_count; i++) {
        snprintf(text, sizeof text, "%s %u", request->members[i].client,
                 request->members[i].connections);
        append(answer.members, sizeof answer.members, text);
    }
}

static struct request *make(enum request_kind kind, const char *channel,
                            const char *client)
{
    struct request *request = request_new(kind, bytes_of(channel),
                                          bytes_of(client), (struct bytes){0});
    request->worker = &fake->workers[0];
    request->done = keep_answer;
    return request;
}

/* Submits a request and waits for the answer. */
static const struct answer *ask(struct request *request)
{
    unsigned before = answer.count;
    bus_submit(fake->instance.bus, request);
    fake_instance_turn(fake);
    assert_int_equal(answer.count, before + 1);
    return &answer;
}

static const struct answer *subscribe(const char *channel, const char *client)
{
    return ask(make(REQUEST_SUBSCRIBE, channel, client));
}

static const struct answer *recover(const char *channel, uint64_t epoch,
                                    uint64_t offset)
{
    struct request *request = make(REQUEST_SUBSCRIBE, channel, "alice");
    request->recover = true;
    request->since = (struct position){epoch, offset};
    return ask(request);
}

static void unsubscribe(const char *channel, const char *client)
{
    struct request *request = make(REQUEST_UNSUBSCRIBE, channel, client);
    request->done = NULL;
    bus_submit(fake->instance.bus, request);
}

static const struct answer *publish_bytes(const char *channel,
                                          struct bytes payload)
{
    struct request *request = make(REQUEST_PUBLISH, channel, "alice");
    request->message = message_new(MESSAGE_PUBLICATION, bytes_of(channel),
                                   BYTES_LITERAL("alice"), payload);
    return ask(request);
}

static const struct answer *publish(const char *channel)
{
    return publish_bytes(channel, BYTES_LITERAL("1"));
}

static const struct answer *history(const char *channel, uint32_t limit)
{
    struct request *request = make(REQUEST_HISTORY, channel, "alice");
    request->limit = limit;
    return ask(request);
}

static const struct answer *presence(const char *channel)
{
    return ask(make(REQUEST_PRESENCE, channel, "alice"));
}

static void tick(uint64_t seconds)
{
    fake_clock_advance(seconds * 1000);
    fake->instance.bus->ops->tick(fake->instance.bus);
}

/* ---- positions ---------------------------------------------------- */

static void offsets_of_a_channel_increase_by_one(void **state)
{
    (void)state;
    assert_int_equal(publish("a")->position.offset, 1);
    assert_int_equal(publish("a")->position.offset, 2);
    assert_int_equal(publish("b")->position.offset, 1);
    assert_int_equal(publish("a")->position.offset, 3);
    assert_int_equal(publish("plain:a")->position.offset, 1);
    assert_int_equal(publish("plain:a")->position.offset, 2);
}

static void an_epoch_stays_with_its_channel(void **state)
{
    (void)state;
    uint64_t epoch = publish("a")->position.epoch;
    assert_true(publish("b")->position.epoch != epoch);
    assert_true(publish("a")->position.epoch == epoch);
    assert_true(subscribe("a", "alice")->position.epoch == epoch);
    assert_true(history("a", 1)->position.epoch == epoch);
    unsubscribe("a", "alice");
    assert_true(publish("a")->position.epoch == epoch);
}

static void the_answer_to_subscribe_has_the_position(void **state)
{
    (void)state;
    assert_int_equal(subscribe("a", "alice")->position.offset, 0);
    publish("a");
    publish("a");
    assert_int_equal(subscribe("a", "bob")->position.offset, 2);
    assert_false(answer.recovered);
    assert_string_equal(answer.offsets, "");
}

/* ---- recovery ----------------------------------------------------- */

static void assert_recovers(uint64_t epoch, uint64_t offset,
                            const char *expected)
{
    recover("a", epoch, offset);
    assert_true(answer.recovered);
    assert_string_equal(answer.offsets, expected);
    assert_int_equal(answer.position.offset, 12);
    assert_true(answer.position.epoch == epoch);
}

static void assert_does_not_recover(const char *channel, uint64_t epoch,
                                    uint64_t offset)
{
    recover(channel, epoch, offset);
    assert_false(answer.recovered);
    assert_string_equal(answer.offsets, "");
    assert_int_equal(answer.fault, FAULT_NONE);
}

static void missed_messages_are_recovered_up_to_the_oldest(void **state)
{
    (void)state;
    for (int i = 0; i < 12; i++) /* messages 8 to 12 are kept */
        publish("a");
    uint64_t epoch = answer.position.epoch;
    assert_recovers(epoch, 12, "");
    assert_recovers(epoch, 11, "12");
    assert_recovers(epoch, 8, "9 10 11 12");
    assert_recovers(epoch, 7, "8 9 10 11 12");
    assert_does_not_recover("a", epoch, 6);
    assert_does_not_recover("a", epoch, 0);
    assert_does_not_recover("a", epoch, 13);
    assert_does_not_recover("a", epoch, UINT64_MAX);
    assert_does_not_recover("a", epoch + 1, 12);
    assert_does_not_recover("a", 0, 0);
}

static void an_old_message_is_not_recovered(void **state)
{
    (void)state;
    publish("a");
    fake_clock_advance(60000);
    publish("a");
    uint64_t epoch = answer.position.epoch;
    assert_string_equal(recover("a", epoch, 0)->offsets, "1 2");
    fake_clock_advance(1);
    assert_does_not_recover("a", epoch, 0);
    assert_string_equal(recover("a", epoch, 1)->offsets, "2");
}

static void without_history_only_the_current_position_is_recovered(void **state)
{
    (void)state;
    publish("plain:a");
    publish("plain:a");
    uint64_t epoch = answer.position.epoch;
    assert_true(recover("plain:a", epoch, 2)->recovered);
    assert_does_not_recover("plain:a", epoch, 1);
}

/* A subscriber's first message is the one after the position in the answer. */
static void positions_and_messages_are_contiguous(void **state)
{
    (void)state;
    struct worker *worker = &fake->workers[0];
    struct channel *channel = channel_acquire(worker, BYTES_LITERAL("a"));
    struct request *request = make(REQUEST_PUBLISH, "a", "bob");
    request->message = message_new(MESSAGE_PUBLICATION, BYTES_LITERAL("a"),
                                   (struct bytes){0}, BYTES_LITERAL("1"));
    bus_submit(fake->instance.bus, request);
    bus_submit(fake->instance.bus, make(REQUEST_SUBSCRIBE, "a", "alice"));
    /* the message is posted before the answer, and the answer's position
     * includes it */
    assert_int_equal(inbox_depth(&worker->inbox), 3);
    fake_instance_turn(fake);
    assert_int_equal(answer.position.offset, 1);
    channel_settle(channel, NULL);
}

/* ---- history ------------------------------------------------------ */

static void history_returns_the_newest(void **state)
{
    (void)state;
    for (int i = 0; i < 12; i++)
        publish("a");
    assert_string_equal(history("a", 3)->offsets, "10 11 12");
    assert_string_equal(history("a", 5)->offsets, "8 9 10 11 12");
    assert_string_equal(history("a", UINT32_MAX)->offsets, "8 9 10 11 12");
    assert_string_equal(history("a", 0)->offsets, "");
    assert_int_equal(answer.position.offset, 12);
}

static void history_forgets_by_age(void **state)
{
    (void)state;
    publish("loud:a");
    fake_clock_advance(6000);
    publish("loud:a");
    assert_string_equal(history("loud:a", 10)->offsets, "1 2");
    fake_clock_advance(4001);
    assert_string_equal(history("loud:a", 10)->offsets, "2");
    tick(6);
    assert_string_equal(history("loud:a", 10)->offsets, "");
}

static void channels_without_history_report_it(void **state)
{
    (void)state;
    publish("plain:a");
    assert_int_equal(history("plain:a", 10)->fault, FAULT_NO_HISTORY);
}

static void all_histories_share_a_limit_of_bytes(void **state)
{
    (void)state;
    char payload[1000];
    const struct bytes big = {payload, sizeof payload};
    memset(payload, '1', sizeof payload);
    fake->options.limits.history_bytes = 5000;
    publish_bytes("a", big);
    publish_bytes("a", big);
    publish_bytes("b", big);
    publish_bytes("b", big);
    assert_string_equal(history("a", 10)->offsets, "1 2");
    publish_bytes("b", big);
    publish_bytes("b", big);
    assert_string_equal(history("b", 10)->offsets, "3 4");
    assert_string_equal(history("a", 10)->offsets, "1 2");
    tick(61); /* expired messages free their share */
    for (int i = 0; i < 4; i++)
        publish_bytes("c", big);
    assert_string_equal(history("c", 10)->offsets, "1 2 3 4");
}

static void a_message_larger_than_all_histories_is_not_kept(void **state)
{
    (void)state;
    fake->options.limits.history_bytes = 100;
    publish_bytes("a", BYTES_LITERAL("1"));
    assert_int_equal(answer.position.offset, 1);
    assert_string_equal(history("a", 10)->offsets, "");
    assert_does_not_recover("a", answer.position.epoch, 0);
}

/* ---- presence ----------------------------------------------------- */

static void members_are_counted_by_connection(void **state)
{
    (void)state;
    subscribe("a", "alice");
    subscribe("a", "bob");
    subscribe("a", "alice");
    assert_string_equal(presence("a")->members, "alice 2 bob 1");
    unsubscribe("a", "alice");
    assert_string_equal(presence("a")->members, "alice 1 bob 1");
    unsubscribe("a", "alice");
    unsubscribe("a", "bob");
    assert_string_equal(presence("a")->members, "");
    assert_int_equal(answer.fault, FAULT_NONE);
}

static void channels_without_presence_report_it(void **state)
{
    (void)state;
    subscribe("plain:a", "alice");
    assert_int_equal(presence("plain:a")->fault, FAULT_NO_PRESENCE);
    unsubscribe("plain:a", "alice");
    assert_int_equal(presence("plain:b")->fault, FAULT_NO_PRESENCE);
}

static void a_presence_request_creates_no_channel(void **state)
{
    (void)state;
    fake->options.limits.channels = 1;
    assert_string_equal(presence("a")->members, "");
    assert_int_equal(presence("b")->fault, FAULT_NONE);
    assert_int_equal(publish("c")->fault, FAULT_NONE);
}

/* ---- join and leave ----------------------------------------------- */

/* Counts posts of the hub to a worker that wants the channel. */
static size_t posted(struct request *request)
{
    struct channel *channel =
        channel_acquire(&fake->workers[0], bytes_of(request->channel));
    request->done = NULL;
    bus_submit(fake->instance.bus, request);
    size_t depth = inbox_depth(&fake->workers[0].inbox);
    fake_instance_turn(fake);
    channel_settle(channel, NULL);
    return depth;
}

static void only_a_clients_first_and_last_connection_are_announced(void **state)
{
    (void)state;
    assert_int_equal(posted(make(REQUEST_SUBSCRIBE, "loud:a", "alice")), 1);
    assert_int_equal(posted(make(REQUEST_SUBSCRIBE, "loud:a", "alice")), 0);
    assert_int_equal(posted(make(REQUEST_SUBSCRIBE, "loud:a", "bob")), 1);
    assert_int_equal(posted(make(REQUEST_UNSUBSCRIBE, "loud:a", "alice")), 0);
    assert_int_equal(posted(make(REQUEST_UNSUBSCRIBE, "loud:a", "alice")), 1);
    assert_int_equal(posted(make(REQUEST_UNSUBSCRIBE, "loud:a", "bob")), 1);
}

static void channels_without_join_leave_announce_nothing(void **state)
{
    (void)state;
    assert_int_equal(posted(make(REQUEST_SUBSCRIBE, "a", "alice")), 0);
    assert_int_equal(posted(make(REQUEST_UNSUBSCRIBE, "a", "alice")), 0);
    assert_int_equal(posted(make(REQUEST_SUBSCRIBE, "plain:a", "bob")), 0);
    assert_int_equal(posted(make(REQUEST_UNSUBSCRIBE, "plain:a", "bob")), 0);
}

/* Posts of the hub to a worker that wants the channel. */
static size_t posted_by_tick(const char *name, uint64_t advance_ms)
{
    struct channel *channel =
        channel_acquire(&fake->workers[0], bytes_of(name));
    fake_clock_advance(advance_ms);
    fake->instance.bus->ops->tick(fake->instance.bus);
    size_t depth = inbox_depth(&fake->workers[0].inbox);
    fake_instance_turn(fake);
    channel_settle(channel, NULL);
    return depth;
}

static size_t come(const char *client)
{
    return posted(make(REQUEST_SUBSCRIBE, "patient:a", client));
}

static size_t go(const char *client)
{
    return posted(make(REQUEST_UNSUBSCRIBE, "patient:a", client));
}

static void a_client_that_returns_in_time_has_not_left(void **state)
{
    (void)state;
    assert_int_equal(come("alice"), 1);
    assert_int_equal(go("alice"), 0);
    assert_string_equal(presence("patient:a")->members, "alice 0");
    assert_int_equal(posted_by_tick("patient:a", 9999), 0);
    assert_int_equal(come("alice"), 0);
    assert_string_equal(presence("patient:a")->members, "alice 1");
    assert_int_equal(posted_by_tick("patient:a", 60000), 0);
    assert_int_equal(go("alice"), 0);
    assert_int_equal(posted_by_tick("patient:a", 10000), 1);
    assert_string_equal(presence("patient:a")->members, "");
}

static void a_client_that_does_not_return_leaves_once(void **state)
{
    (void)state;
    assert_int_equal(come("alice"), 1);
    assert_int_equal(come("bob"), 1);
    assert_int_equal(come("bob"), 0);
    assert_int_equal(go("bob"), 0);
    assert_int_equal(go("alice"), 0);
    assert_int_equal(posted_by_tick("patient:a", 9999), 0);
    assert_string_equal(presence("patient:a")->members, "alice 0 bob 1");
    assert_int_equal(posted_by_tick("patient:a", 1), 1);
    assert_int_equal(posted_by_tick("patient:a", 1000000), 0);
    assert_string_equal(presence("patient:a")->members, "bob 1");
    assert_int_equal(come("alice"), 1);
    go("alice");
    go("bob");
}

static void a_drain_ends_all_waits_for_returning_clients(void **state)
{
    (void)state;
    come("alice");
    come("bob");
    go("alice");
    struct channel *channel =
        channel_acquire(&fake->workers[0], BYTES_LITERAL("patient:a"));
    fake->instance.bus->ops->drain(fake->instance.bus);
    assert_int_equal(inbox_depth(&fake->workers[0].inbox), 1);
    fake_instance_turn(fake);
    channel_settle(channel, NULL);
    assert_string_equal(presence("patient:a")->members, "bob 1");
    assert_int_equal(go("bob"), 1);
}

/* ---- direct ------------------------------------------------------- */

static void a_direct_message_without_receiver_is_answered(void **state)
{
    (void)state;
    struct request *request = make(REQUEST_DIRECT, "nobody", "alice");
    struct message *message =
        message_ref(message_new(MESSAGE_DIRECT, (struct bytes){0},
                                BYTES_LITERAL("alice"), BYTES_LITERAL("1")));
    request->message = message;
    assert_int_equal(ask(request)->connections, 0);
    assert_int_equal(answer.fault, FAULT_NONE);
    assert_true(message->time_ms == FAKE_CLOCK_WALL_MS);
    message_unref(message);
}

/* A request about a client, not made by a client. */
static const struct answer *ask_about(struct request *request)
{
    request->worker = &fake->workers[0];
    request->done = keep_answer;
    return ask(request);
}

static void a_client_is_disconnected(void **state)
{
    (void)state;
    struct fake_client *alice =
        fake_client_join(fake, 0, &fake_protocol, "alice", NULL);
    ask_about(request_new_disconnect(bytes_of("alice"), bytes_of("bye")));
    assert_int_equal(answer.fault, FAULT_NONE);
    assert_int_equal(answer.connections, 1);
    assert_int_equal(answer.instances, 1);
    assert_int_equal(alice->socket.close_reason, CLOSE_DISCONNECTED);
    assert_string_equal(alice->socket.close_text, "bye");
    fake_client_leave(alice);
    ask_about(request_new_disconnect(bytes_of("alice"), (struct bytes){0}));
    assert_int_equal(answer.connections, 0);
}

static void a_client_is_removed_from_a_channel(void **state)
{
    (void)state;
    struct fake_client *alice =
        fake_client_join(fake, 0, &fake_protocol, "alice", "room");
    fake_instance_turn(fake);
    ask_about(request_new_remove(bytes_of("alice"), bytes_of("room")));
    assert_int_equal(answer.fault, FAULT_NONE);
    assert_int_equal(answer.connections, 1);
    assert_int_equal(answer.instances, 1);
    fake_instance_turn(fake);
    assert_int_equal(alice->connection->subscription_count, 0);
    assert_string_equal(ask(make(REQUEST_PRESENCE, "room", "bob"))->members,
                        "");
    fake_client_leave(alice);
    fake_protocol_notes();
}

/* ---- limits and idle channels ------------------------------------- */

static void channels_are_limited(void **state)
{
    (void)state;
    fake->options.limits.channels = 2;
    publish("a");
    subscribe("b", "alice");
    assert_int_equal(publish("c")->fault, FAULT_TOO_MANY_CHANNELS);
    assert_int_equal(subscribe("c", "alice")->fault, FAULT_TOO_MANY_CHANNELS);
    assert_int_equal(recover("c", 1, 1)->fault, FAULT_TOO_MANY_CHANNELS);
    assert_int_equal(history("c", 1)->fault, FAULT_TOO_MANY_CHANNELS);
    assert_int_equal(publish("a")->fault, FAULT_NONE);
    assert_int_equal(publish("b")->fault, FAULT_NONE);
}

static void an_idle_channel_is_freed_with_its_history(void **state)
{
    (void)state;
    fake->options.limits.channels = 1;
    uint64_t epoch = publish("a")->position.epoch;
    tick(60);
    assert_int_equal(publish("b")->fault, FAULT_TOO_MANY_CHANNELS);
    tick(1);
    assert_int_equal(publish("b")->fault, FAULT_NONE);
    tick(61);
    assert_true(publish("a")->position.epoch != epoch);
    assert_int_equal(answer.position.offset, 1);
    assert_does_not_recover("a", epoch, 1);
}

static void a_channel_with_a_subscriber_stays(void **state)
{
    (void)state;
    subscribe("a", "alice");
    uint64_t epoch = publish("a")->position.epoch;
    tick(10000);
    assert_true(publish("a")->position.epoch == epoch);
    assert_int_equal(answer.position.offset, 2);
}

static void the_idle_time_starts_when_the_last_subscriber_leaves(void **state)
{
    (void)state;
    uint64_t epoch = subscribe("a", "alice")->position.epoch;
    tick(10000);
    unsubscribe("a", "alice");
    tick(60);
    assert_true(history("a", 1)->position.epoch == epoch);
    tick(1);
    assert_true(history("a", 1)->position.epoch != epoch);
}

static void publishing_keeps_a_channel_alive(void **state)
{
    (void)state;
    uint64_t epoch = publish("loud:a")->position.epoch;
    for (int i = 0; i < 10; i++) {
        tick(9);
        assert_true(publish("loud:a")->position.epoch == epoch);
    }
    tick(11);
    assert_true(publish("loud:a")->position.epoch != epoch);
}

static void a_channel_without_history_is_kept_for_a_minute(void **state)
{
    (void)state;
    uint64_t epoch = publish("plain:a")->position.epoch;
    tick(60);
    assert_true(publish("plain:a")->position.epoch == epoch);
    tick(61);
    assert_true(publish("plain:a")->position.epoch != epoch);
}

static void a_local_bus_is_always_ready(void **state)
{
    (void)state;
    const char *why = "unset";
    struct bus *bus = fake->instance.bus;
    assert_true(bus->ops->is_ready(bus, &why));
    assert_null(why);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(offsets_of_a_channel_increase_by_one),
        TEST(an_epoch_stays_with_its_channel),
        TEST(the_answer_to_subscribe_has_the_position),
        TEST(missed_messages_are_recovered_up_to_the_oldest),
        TEST(an_old_message_is_not_recovered),
        TEST(without_history_only_the_current_position_is_recovered),
        TEST(positions_and_messages_are_contiguous),
        TEST(history_returns_the_newest),
        TEST(history_forgets_by_age),
        TEST(channels_without_history_report_it),
        TEST(all_histories_share_a_limit_of_bytes),
        TEST(a_message_larger_than_all_histories_is_not_kept),
        TEST(members_are_counted_by_connection),
        TEST(channels_without_presence_report_it),
        TEST(a_presence_request_creates_no_channel),
        TEST(only_a_clients_first_and_last_connection_are_announced),
        TEST(a_client_that_returns_in_time_has_not_left),
        TEST(a_client_that_does_not_return_leaves_once),
        TEST(a_drain_ends_all_waits_for_returning_clients),
        TEST(channels_without_join_leave_announce_nothing),
        TEST(a_direct_message_without_receiver_is_answered),
        TEST(channels_are_limited),
        TEST(an_idle_channel_is_freed_with_its_history),
        TEST(a_channel_with_a_subscriber_stays),
        TEST(the_idle_time_starts_when_the_last_subscriber_leaves),
        TEST(publishing_keeps_a_channel_alive),
        TEST(a_channel_without_history_is_kept_for_a_minute),
        TEST(a_local_bus_is_always_ready),
        TEST(a_client_is_disconnected),
        TEST(a_client_is_removed_from_a_channel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
