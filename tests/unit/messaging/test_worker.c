#include "unit.h"

#include <stdio.h>

#include "fakes/fake_client.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_protocol.h"
#include "fakes/fake_stage.h"
#include "messaging/lifecycle.h"
#include "messaging/operations.h"
#include "messaging/turn.h"

static struct fake_instance *fake;
static struct worker *worker;

static int set_up(void **state)
{
    (void)state;
    fake_clock_stop();
    fake = fake_stage_open(1);
    worker = &fake->workers[0];
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_stage_close(fake);
    return 0;
}

static struct fake_client *join(const char *id)
{
    return fake_client_join(fake, 0, &fake_protocol, id, NULL);
}

static void tick(unsigned seconds)
{
    for (unsigned i = 0; i < seconds; i++) {
        fake_clock_advance(1000);
        worker_tick(worker);
        fake_instance_turn(fake);
    }
}

/* The number of pings since the last call. */
static unsigned read_pings(struct fake_client *client)
{
    enum frame_opcode opcode;
    struct bytes payload;
    unsigned pings = 0;
    while (fake_socket_read(&client->socket, &opcode, &payload)) {
        if (opcode != FRAME_PING)
            continue;
        assert_bytes(payload, "peal");
        pings++;
    }
    return pings;
}

/* ---- handles ------------------------------------------------------ */

static void a_handle_finds_its_connection(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice");
    struct fake_client *bob = join("bob");
    assert_ptr_equal(worker_find_connection(worker, alice->connection->handle),
                     alice->connection);
    assert_ptr_equal(worker_find_connection(worker, bob->connection->handle),
                     bob->connection);
    assert_true(alice->connection->handle != bob->connection->handle);
    fake_client_leave(alice);
    fake_client_leave(bob);
}

static void a_handle_is_invalid_after_its_connection(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice");
    uint64_t handle = alice->connection->handle;
    fake_client_leave(alice);
    assert_null(worker_find_connection(worker, handle));
    struct fake_client *next = join("next");
    assert_int_equal((uint32_t)next->connection->handle, (uint32_t)handle);
    assert_null(worker_find_connection(worker, handle));
    fake_client_leave(next);
}

static void foreign_handles_find_nothing(void **state)
{
    (void)state;
    assert_null(worker_find_connection(worker, 0));
    assert_null(worker_find_connection(worker, UINT64_MAX));
    struct fake_client *alice = join("alice");
    assert_null(worker_find_connection(worker, 0));
    assert_null(worker_find_connection(worker, UINT64_MAX));
    assert_null(worker_find_connection(worker, UINT64_C(1) << 32 | 63));
    fake_client_leave(alice);
}

static void the_slots_grow_with_the_connections(void **state)
{
    (void)state;
    enum { MANY = 500 };
    static struct fake_client *clients[MANY];
    static uint64_t handles[MANY];
    char id[16];
    for (int i = 0; i < MANY; i++) {
        snprintf(id, sizeof id, "c%d", i);
        clients[i] = join(id);
        handles[i] = clients[i]->connection->handle;
    }
    for (int i = 0; i < MANY; i++)
        assert_ptr_equal(worker_find_connection(worker, handles[i]),
                         clients[i]->connection);
    for (int i = 0; i < MANY; i += 2)
        fake_client_leave(clients[i]);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(worker_find_connection(worker, handles[i]) != NULL,
                         i % 2);
    uint32_t slot_count = worker->slot_count;
    for (int i = 0; i < MANY; i += 2)
        clients[i] = join("again");
    assert_int_equal(worker->slot_count, slot_count);
    for (int i = 0; i < MANY; i++)
        fake_client_leave(clients[i]);
}

/* ---- age ---------------------------------------------------------- */

static void connections_end_at_their_maximum_age_spread_over_time(void **state)
{
    (void)state;
    enum { MANY = 400, AGE = 1000, ROUND = 25 };
    static struct fake_client *clients[MANY];
    unsigned closed = 0, most = 0;
    fake->options.max_connection_age = AGE;
    for (int i = 0; i < MANY; i++)
        clients[i] = join("alice");
    for (unsigned second = 1; second <= AGE + ROUND; second++) {
        tick(1);
        unsigned before = closed;
        for (int i = 0; i < MANY; i++) {
            struct fake_client *client = clients[i];
            if (!client)
                continue;
            connection_on_sign_of_life(client->connection);
            if (!client->connection->is_closing)
                continue;
            assert_int_equal(client->connection->close_reason, CLOSE_MAX_AGE);
            fake_client_leave(client);
            clients[i] = NULL;
            closed++;
        }
        assert_true(second >= AGE - AGE / 10 || !closed);
        if (closed - before > most)
            most = closed - before;
    }
    assert_int_equal(closed, MANY);
    assert_true(most < MANY / 10);
}

/* Some protocols then tell clients to reconnect at once. */
static void only_a_drain_closes_connections(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice");
    fake->options.max_connection_age = 10;
    worker->is_draining = true;
    for (int i = 0; i < 2000; i++)
        tick(1);
    assert_false(alice->connection->is_closing);
    assert_int_equal(worker_close_some(worker, 1, CLOSE_RESTART), 1);
    assert_int_equal(alice->connection->close_reason, CLOSE_RESTART);
    fake_client_leave(alice);
}

static void without_a_maximum_age_connections_stay(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice");
    fake->options.max_connection_age = 0;
    for (int i = 0; i < 2000; i++) {
        tick(1);
        connection_on_sign_of_life(alice->connection);
    }
    assert_false(alice->connection->is_closing);
    fake_client_leave(alice);
}

/* ---- pings -------------------------------------------------------- */

static void each_connection_is_pinged_once_a_round(void **state)
{
    (void)state;
    enum { MANY = 60 };
    static struct fake_client *clients[MANY];
    char id[16];
    for (int i = 0; i < MANY; i++) {
        snprintf(id, sizeof id, "c%d", i);
        clients[i] = join(id);
    }
    for (int round = 0; round < 4; round++) {
        for (uint32_t second = 0; second < fake->options.ping_seconds;
             second++) {
            tick(1);
            for (int i = 0; i < MANY; i++)
                connection_on_sign_of_life(clients[i]->connection);
        }
        for (int i = 0; i < MANY; i++)
            assert_int_equal(read_pings(clients[i]), 1);
    }
    for (int i = 0; i < MANY; i++)
        fake_client_leave(clients[i]);
}

static void pings_are_spread_over_the_round(void **state)
{
    (void)state;
    enum { MANY = 50 };
    static struct fake_client *clients[MANY];
    for (int i = 0; i < MANY; i++)
        clients[i] = join("alice");
    for (uint32_t second = 0; second < fake->options.ping_seconds; second++) {
        unsigned pings = 0;
        tick(1);
        for (int i = 0; i < MANY; i++) {
            pings += read_pings(clients[i]);
            connection_on_sign_of_life(clients[i]->connection);
        }
        assert_int_equal(pings, MANY / fake->options.ping_seconds);
    }
    for (int i = 0; i < MANY; i++)
        fake_client_leave(clients[i]);
}

static void tick_until_pinged(struct fake_client *client)
{
    for (unsigned i = 0; !read_pings(client); i++) {
        assert_true(i < fake->options.ping_seconds);
        tick(1);
    }
}

static void silence_after_a_ping_closes_the_connection(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice");
    tick_until_pinged(alice);
    tick(9);
    assert_int_equal(alice->socket.closes, 0);
    tick(1);
    assert_int_equal(alice->socket.closes, 1);
    assert_int_equal(alice->socket.close_reason, CLOSE_NO_PONG);
    fake_client_leave(alice);
}

static void any_sign_of_life_counts_as_a_pong(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice");
    for (int round = 0; round < 10; round++) {
        tick_until_pinged(alice);
        fake_clock_advance(1);
        if (round % 2)
            connection_on_sign_of_life(alice->connection);
        else
            fake_client_say(alice, "still here");
        tick(12);
    }
    assert_int_equal(alice->socket.closes, 0);
    fake_client_leave(alice);
}

static void signs_of_life_before_the_ping_do_not_count(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice");
    tick_until_pinged(alice);
    connection_on_sign_of_life(alice->connection);
    tick(20);
    connection_on_sign_of_life(alice->connection);
    tick_until_pinged(alice);
    tick(10);
    assert_int_equal(alice->socket.close_reason, CLOSE_NO_PONG);
    fake_client_leave(alice);
}

static void a_pong_may_be_due_at_the_next_ping(void **state)
{
    (void)state;
    fake->options.ping_seconds = 5;
    fake->options.pong_seconds = 5;
    struct fake_client *alice = join("alice");
    struct fake_client *bob = join("bob");
    tick_until_pinged(bob);
    tick(4);
    connection_on_sign_of_life(alice->connection);
    assert_int_equal(bob->socket.closes, 0);
    tick(1);
    assert_int_equal(bob->socket.close_reason, CLOSE_NO_PONG);
    assert_int_equal(alice->socket.closes, 0);
    fake_client_leave(alice);
    fake_client_leave(bob);
}

/* The transport decides whether it accepts waiting data. */
static void a_blocked_connection_is_not_pinged(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice");
    alice->socket.is_blocked = true;
    tick(3 * fake->options.ping_seconds);
    assert_int_equal(alice->socket.closes, 0);
    alice->socket.is_blocked = false;
    tick(fake->options.ping_seconds);
    assert_int_equal(alice->socket.writes, 1);
    fake_client_leave(alice);
}

/* The pong follows data written before the ping. */
static void a_pong_may_be_late_while_bytes_are_accepted(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice");
    for (uint64_t acked = 1; acked < 5; acked++) {
        alice->socket.acked = acked;
        tick(fake->options.ping_seconds);
        assert_int_equal(alice->socket.closes, 0);
    }
    tick(fake->options.ping_seconds);
    assert_int_equal(alice->socket.close_reason, CLOSE_NO_PONG);
    fake_client_leave(alice);
}

/* Like an event stream, whose client never sends anything. */
static struct fake_client *join_without_pongs(const char *id)
{
    static struct transport mute;
    struct fake_client *client = join(id);
    mute = fake_transport;
    mute.has_pongs = false;
    client->connection->transport = &mute;
    return client;
}

static void without_pongs_accepted_bytes_are_sufficient(void **state)
{
    (void)state;
    struct fake_client *alice = join_without_pongs("alice");
    tick(5 * fake->options.ping_seconds);
    for (uint64_t acked = 1; acked < 5; acked++) {
        alice->socket.acked = acked;
        tick(fake->options.ping_seconds);
        assert_int_equal(alice->socket.closes, 0);
    }
    tick(fake->options.ping_seconds);
    assert_int_equal(alice->socket.close_reason, CLOSE_CONNECTION_LOST);
    fake_client_leave(alice);
}

static void
without_pongs_a_connection_without_acknowledgements_is_closed(void **state)
{
    (void)state;
    struct fake_client *alice = join_without_pongs("alice");
    alice->socket.is_silent = true;
    tick_until_pinged(alice);
    tick(9);
    assert_int_equal(alice->socket.closes, 0);
    tick(1);
    assert_int_equal(alice->socket.close_reason, CLOSE_CONNECTION_LOST);
    fake_client_leave(alice);
}

static void a_socket_may_be_dead_at_the_ping(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice");
    alice->socket.is_dead = true;
    tick(fake->options.ping_seconds);
    assert_int_equal(alice->socket.close_reason, CLOSE_CONNECTION_LOST);
    fake_client_leave(alice);
}

static void a_closed_connection_is_not_pinged(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice");
    connection_close(alice->connection, CLOSE_FORBIDDEN);
    fake_instance_turn(fake);
    tick(100);
    assert_int_equal(alice->socket.writes, 0);
    assert_int_equal(alice->socket.closes, 1);
    fake_client_leave(alice);
}

/* Otherwise its close would wait forever for its unread data. */
static void a_closed_connection_that_does_not_read_is_not_awaited(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice");
    alice->socket.is_blocked = true;
    struct buffer *reply = connection_reply_begin(alice->connection);
    buffer_append_text(reply, "never read");
    connection_reply_end(alice->connection, PAYLOAD_TEXT);
    connection_close(alice->connection, CLOSE_RATE_LIMIT);
    fake_instance_turn(fake);
    assert_int_equal(alice->socket.closes, 0);
    tick(2 * fake->options.ping_seconds);
    assert_int_equal(alice->socket.closes, 1);
    assert_int_equal(alice->socket.close_reason, CLOSE_RATE_LIMIT);
    fake_client_leave(alice);
}

/* ---- tokens ------------------------------------------------------- */

static struct fake_client *join_until(const char *id, int64_t seconds)
{
    const struct identity identity = {.caps = caps_everything(),
                                      .expires_seconds =
                                          FAKE_CLOCK_WALL_MS / 1000 + seconds};
    return fake_client_join_as(fake, 0, &fake_protocol, id, NULL, identity);
}

/* Ticks and answers pings. */
static void live(struct fake_client *client, unsigned seconds)
{
    for (unsigned i = 0; i < seconds; i++) {
        tick(1);
        connection_on_sign_of_life(client->connection);
    }
}

static void a_token_expires_in_its_second(void **state)
{
    (void)state;
    struct fake_client *soon = join_until("soon", 5);
    live(soon, 4);
    assert_int_equal(soon->socket.closes, 0);
    live(soon, 1);
    assert_int_equal(soon->socket.close_reason, CLOSE_TOKEN_EXPIRED);
    fake_client_leave(soon);
}

static void a_distant_expiry_is_not_forgotten(void **state)
{
    (void)state;
    static const unsigned ends[] = {24, 25, 26, 27, 50, 51, 100, 1000};
    for (size_t i = 0; i < COUNT(ends); i++) {
        fake_clock_stop();
        struct fake_client *client = join_until("far", ends[i]);
        live(client, ends[i] - 1);
        assert_int_equal(client->socket.closes, 0);
        live(client, 1);
        assert_int_equal(client->socket.closes, 1);
        assert_int_equal(client->socket.close_reason, CLOSE_TOKEN_EXPIRED);
        fake_client_leave(client);
    }
}

static void without_an_expiry_a_token_stays_valid(void **state)
{
    (void)state;
    struct fake_client *alice = join("alice");
    live(alice, 5000);
    assert_int_equal(alice->socket.closes, 0);
    fake_client_leave(alice);
}

static void a_fresh_token_extends_the_expiry(void **state)
{
    (void)state;
    const char *why;
    struct fake_client *alice = join_until("alice", 10);
    live(alice, 8);
    assert_int_equal(operation_refresh(alice->connection,
                                       BYTES_LITERAL(FAKE_TOKEN_FRESH), &why),
                     FAULT_NONE);
    live(alice, FAKE_TOKEN_SECONDS - 1);
    assert_int_equal(alice->socket.closes, 0);
    live(alice, 1);
    assert_int_equal(alice->socket.close_reason, CLOSE_TOKEN_EXPIRED);
    fake_client_leave(alice);
}

static void a_connection_lost_before_the_expiry_is_forgotten(void **state)
{
    (void)state;
    struct fake_client *alice = join_until("alice", 5);
    assert_int_equal(worker->expiring_count, 1);
    fake_client_leave(alice);
    struct fake_client *next = join("next"); /* in the same slot */
    tick(10);
    assert_int_equal(worker->expiring_count, 0);
    assert_int_equal(next->socket.closes, 0);
    fake_client_leave(next);
}

static void many_tokens_may_expire_at_once(void **state)
{
    (void)state;
    enum { MANY = 100 };
    static struct fake_client *clients[MANY];
    for (int i = 0; i < MANY; i++)
        clients[i] = join_until("alice", 3 + i % 2);
    tick(3);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(clients[i]->socket.closes, i % 2 == 0);
    tick(1);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(clients[i]->socket.closes, 1);
        fake_client_leave(clients[i]);
    }
}

/* ---- closing ------------------------------------------------------ */

static void connections_are_closed_in_groups(void **state)
{
    (void)state;
    struct fake_client *clients[5];
    for (int i = 0; i < 5; i++)
        clients[i] = join("alice");
    assert_int_equal(worker_close_some(worker, 2, CLOSE_RESTART), 2);
    assert_int_equal(worker_close_some(worker, 2, CLOSE_RESTART), 2);
    assert_int_equal(worker_close_some(worker, 2, CLOSE_RESTART), 1);
    assert_int_equal(worker_close_some(worker, 2, CLOSE_RESTART), 0);
    fake_instance_turn(fake);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(clients[i]->socket.close_reason, CLOSE_RESTART);
        fake_client_leave(clients[i]);
    }
}

static unsigned count_closing(struct fake_client *const *clients, int count)
{
    unsigned started = 0;
    for (int i = 0; i < count; i++)
        started += clients[i]->connection->is_close_started;
    return started;
}

static void a_crowd_is_closed_in_several_turns(void **state)
{
    (void)state;
    enum { MANY = 100, TURNS = 4 };
    struct fake_client *clients[MANY];
    unsigned closed = 0;
    for (int i = 0; i < MANY; i++)
        clients[i] = join("alice");
    for (int i = 0; i < MANY; i++)
        connection_close(clients[i]->connection, CLOSE_BAD_UTF8);
    for (int turn = 1; turn <= TURNS; turn++) {
        assert_int_equal(worker_is_behind(worker), closed < MANY);
        worker_turn(worker);
        unsigned now = count_closing(clients, MANY);
        assert_in_range(now - closed, 1, MANY / 2);
        closed = now;
    }
    assert_int_equal(closed, MANY);
    assert_false(worker_is_behind(worker));
    for (int i = 0; i < MANY; i++)
        fake_client_leave(clients[i]);
}

static void a_connection_to_be_closed_may_be_freed_first(void **state)
{
    (void)state;
    struct fake_client *clients[3];
    for (int i = 0; i < 3; i++) {
        clients[i] = join("alice");
        connection_close(clients[i]->connection, CLOSE_RESTART);
    }
    connection_free(clients[1]->connection);
    fake_instance_turn(fake);
    assert_int_equal(clients[0]->socket.closes, 1);
    assert_int_equal(clients[1]->socket.closes, 0);
    assert_int_equal(clients[2]->socket.closes, 1);
    fake_client_forget(clients[1]);
    fake_client_leave(clients[0]);
    fake_client_leave(clients[2]);
}

/* ---- turns -------------------------------------------------------- */

static void post_again(void *subject, void *object)
{
    unsigned *left = object;
    if ((*left)--)
        inbox_post(&worker->inbox,
                   (struct inbox_item){post_again, subject, left});
}

static void a_turn_handles_items_it_causes(void **state)
{
    (void)state;
    unsigned left = 10;
    inbox_post(&worker->inbox, (struct inbox_item){post_again, NULL, &left});
    worker_turn(worker);
    assert_int_equal(inbox_depth(&worker->inbox), 0);
}

static void a_turn_ends_even_if_work_continues(void **state)
{
    (void)state;
    unsigned left = 1000;
    inbox_post(&worker->inbox, (struct inbox_item){post_again, NULL, &left});
    worker_turn(worker);
    assert_int_equal(inbox_depth(&worker->inbox), 1);
    left = 0;
    worker_turn(worker);
    assert_int_equal(inbox_depth(&worker->inbox), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_handle_finds_its_connection),
        TEST(a_handle_is_invalid_after_its_connection),
        TEST(foreign_handles_find_nothing),
        TEST(the_slots_grow_with_the_connections),
        TEST(connections_end_at_their_maximum_age_spread_over_time),
        TEST(only_a_drain_closes_connections),
        TEST(without_a_maximum_age_connections_stay),
        TEST(each_connection_is_pinged_once_a_round),
        TEST(pings_are_spread_over_the_round),
        TEST(silence_after_a_ping_closes_the_connection),
        TEST(any_sign_of_life_counts_as_a_pong),
        TEST(signs_of_life_before_the_ping_do_not_count),
        TEST(a_pong_may_be_due_at_the_next_ping),
        TEST(a_blocked_connection_is_not_pinged),
        TEST(a_pong_may_be_late_while_bytes_are_accepted),
        TEST(without_pongs_accepted_bytes_are_sufficient),
        TEST(without_pongs_a_connection_without_acknowledgements_is_closed),
        TEST(a_socket_may_be_dead_at_the_ping),
        TEST(a_closed_connection_is_not_pinged),
        TEST(a_closed_connection_that_does_not_read_is_not_awaited),
        TEST(a_token_expires_in_its_second),
        TEST(a_distant_expiry_is_not_forgotten),
        TEST(without_an_expiry_a_token_stays_valid),
        TEST(a_fresh_token_extends_the_expiry),
        TEST(a_connection_lost_before_the_expiry_is_forgotten),
        TEST(many_tokens_may_expire_at_once),
        TEST(connections_are_closed_in_groups),
        TEST(a_crowd_is_closed_in_several_turns),
        TEST(a_connection_to_be_closed_may_be_freed_first),
        TEST(a_turn_handles_items_it_causes),
        TEST(a_turn_ends_even_if_work_continues),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
