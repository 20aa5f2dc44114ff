#include "unit.h"

#include <stdio.h>

#include "fakes/fake_client.h"
#include "fakes/fake_protocol.h"
#include "fakes/fake_stage.h"
#include "messaging/channel.h"
#include "messaging/watch/snapshot.h"

enum { WORKERS = 3 };

static struct fake_instance *fake;
static struct fake_client *viewer;
static char seen[4096]; /* of the last snapshot */
static uint32_t matched;
static unsigned snapshots;

static void write_channel(const struct channel *channel, struct buffer *out)
{
    buffer_append_text(out, channel->name);
}

static void write_connection(const struct connection *connection,
                             struct buffer *out)
{
    buffer_append_text(out, connection_client_id(connection));
}

static void note(const struct snapshot_rows *rows, char *out, size_t size)
{
    size_t len = strlen(out);
    for (uint32_t i = 0; i < rows->count; i++)
        len += (size_t)snprintf(out + len, size - len, "%.*s ",
                                (int)rows->items[i].text.len,
                                rows->items[i].text.data);
}

static void on_done(struct connection *connection,
                    const struct snapshot *snapshot)
{
    assert_ptr_equal(connection, viewer->connection);
    snapshots++;
    seen[0] = '\0';
    note(&snapshot->channels, seen, sizeof seen);
    strcat(seen, "| ");
    note(&snapshot->connections, seen, sizeof seen);
    matched = snapshot->connections.matched;
}

static int set_up(void **state)
{
    (void)state;
    fake = fake_stage_open(WORKERS);
    viewer = fake_client_join(fake, 0, &fake_protocol, "viewer", NULL);
    fake_instance_turn(fake);
    snapshots = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_protocol_notes();
    fake_client_leave(viewer);
    fake_instance_free(fake);
    return 0;
}

static struct snapshot_query query_of(unsigned channels, unsigned connections)
{
    return (struct snapshot_query){
        .channels = {.order = channels, .limit = 4},
        .connections = {.order = connections, .limit = 4},
        .write_channel = write_channel,
        .write_connection = write_connection,
        .done = on_done,
    };
}

static const char *take(const struct snapshot_query *query)
{
    assert_true(snapshot_begin(viewer->connection, query));
    fake_instance_turn(fake);
    return seen;
}

static void second_passes(void)
{
    for (int i = 0; i < WORKERS; i++)
        fake->workers[i].seconds++;
}

static void the_busiest_of_all_workers_come_first(void **state)
{
    (void)state;
    struct snapshot_query query = query_of(RATE_MESSAGES_OUT, RATE_MESSAGES_IN);
    struct fake_client *clients[WORKERS];
    static const char *const names[WORKERS] = {"one", "two", "three"};
    take(&query);
    for (unsigned i = 0; i < WORKERS; i++) {
        clients[i] =
            fake_client_join(fake, i, &fake_protocol, names[i], names[i]);
        fake_instance_turn(fake);
        for (unsigned j = 0; j <= i; j++)
            fake_client_say(clients[i], "hello");
    }
    second_passes();
    assert_string_equal(take(&query), "one two three | three two one viewer ");
    assert_int_equal(matched, 4);
    for (int i = 0; i < WORKERS; i++)
        fake_client_leave(clients[i]);
}

static void a_channel_is_listed_once(void **state)
{
    (void)state;
    struct snapshot_query query = query_of(SNAPSHOT_SIZE, SNAPSHOT_AGE);
    struct fake_client *clients[6];
    for (unsigned i = 0; i < 6; i++)
        clients[i] = fake_client_join(fake, i % WORKERS, &fake_protocol, "c",
                                      i < 4 ? "big" : "small");
    fake_instance_turn(fake);
    query.connections.limit = 1;
    assert_string_equal(take(&query), "big small | viewer ");
    for (int i = 0; i < 6; i++)
        fake_client_leave(clients[i]);
}

static void the_top_entries_of_many_are_found(void **state)
{
    enum { MANY = 1500 };
    static struct fake_client *clients[MANY];
    char name[16];
    (void)state;
    fake->options.limits.channels = MANY;
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "c%u", i);
        clients[i] =
            fake_client_join(fake, i % WORKERS, &fake_protocol, name, name);
    }
    fake_instance_turn(fake);
    struct snapshot_query query = query_of(RATE_MESSAGES_OUT, RATE_MESSAGES_IN);
    query.channels.search = BYTES_LITERAL("c149");
    take(&query);
    fake_client_say(clients[7], "x");
    fake_client_say(clients[7], "x");
    fake_client_say(clients[1499], "x");
    second_passes();
    query.channels.limit = 100;
    query.connections.limit = 2;
    take(&query);
    assert_non_null(strstr(seen, "| c7 c1499 "));
    assert_non_null(strstr(seen, "c1495 "));
    assert_int_equal(matched, MANY + 1);
    for (int i = 0; i < MANY; i++)
        fake_client_leave(clients[i]);
}

static unsigned times(const char *text, const char *part)
{
    unsigned count = 0;
    while ((text = strstr(text, part)) != NULL) {
        count++;
        text += strlen(part);
    }
    return count;
}

/* During a snapshot, channels are added and the table is reallocated. */
static void channels_may_be_added_meanwhile(void **state)
{
    enum { FIRST = 2500, ALL = 7000, SOUGHT = 90, STEPS = 18 };
    static struct fake_client *clients[ALL];
    char name[24];
    (void)state;
    fake->options.limits.channels = ALL;
    struct snapshot_query query = query_of(SNAPSHOT_SIZE, SNAPSHOT_AGE);
    query.channels.limit = 100;
    query.channels.search = BYTES_LITERAL("sought");
    for (int i = 0; i < ALL; i++) {
        if (i == FIRST) {
            fake_instance_turn(fake);
            assert_true(snapshot_begin(viewer->connection, &query));
            for (int step = 0; step < STEPS; step++)
                inbox_drain(&fake->workers[0].inbox);
        }
        snprintf(name, sizeof name, i < SOUGHT ? "sought%d" : "c%d", i);
        clients[i] = fake_client_join(fake, 0, &fake_protocol, name, name);
    }
    const struct snapshot *under_way = fake->workers[0].snapshots;
    assert_non_null(under_way);
    const struct snapshot_part *part = &under_way->parts[0];
    assert_true(part->next > 0 && part->next < part->buckets);
    assert_true(part->buckets < fake->workers[0].channels->hh.tbl->num_buckets);
    fake_instance_turn(fake);
    assert_int_equal(snapshots, 1);
    *strchr(seen, '|') = '\0';
    assert_int_equal(times(seen, "sought"), SOUGHT);
    for (int i = 0; i < SOUGHT; i++) {
        snprintf(name, sizeof name, "sought%d ", i);
        assert_int_equal(times(seen, name), 1);
    }
    for (int i = 0; i < ALL; i++)
        fake_client_leave(clients[i]);
}

static void only_one_snapshot_at_a_time(void **state)
{
    (void)state;
    struct snapshot_query query = query_of(SNAPSHOT_SIZE, SNAPSHOT_AGE);
    assert_true(snapshot_begin(viewer->connection, &query));
    assert_false(snapshot_begin(viewer->connection, &query));
    fake_instance_turn(fake);
    assert_int_equal(snapshots, 1);
    assert_true(snapshot_begin(viewer->connection, &query));
    fake_instance_turn(fake);
    assert_int_equal(snapshots, 2);
}

static void snapshots_per_second_are_limited(void **state)
{
    (void)state;
    struct snapshot_query query = query_of(SNAPSHOT_SIZE, SNAPSHOT_AGE);
    for (int i = 0; i < WATCH_SNAPSHOTS; i++)
        take(&query);
    assert_false(snapshot_begin(viewer->connection, &query));
    second_passes();
    for (int i = 0; i < WATCH_SNAPSHOTS; i++)
        take(&query);
    assert_false(snapshot_begin(viewer->connection, &query));
}

static void a_lost_viewer_gets_no_answer(void **state)
{
    (void)state;
    struct snapshot_query query = query_of(SNAPSHOT_SIZE, SNAPSHOT_AGE);
    assert_true(snapshot_begin(viewer->connection, &query));
    fake_client_leave(viewer);
    assert_int_equal(snapshots, 0);
    viewer = fake_client_join(fake, 0, &fake_protocol, "viewer", NULL);
    assert_string_equal(take(&query), "| viewer ");
}

static void the_search_text_is_copied(void **state)
{
    (void)state;
    char text[] = "bob";
    struct snapshot_query query = query_of(SNAPSHOT_SIZE, SNAPSHOT_AGE);
    struct fake_client *bob =
        fake_client_join(fake, 1, &fake_protocol, "x-bob-x", "news");
    fake_instance_turn(fake);
    query.connections.search = bytes_of(text);
    query.channels.search = bytes_of(text);
    assert_true(snapshot_begin(viewer->connection, &query));
    memset(text, '?', 3);
    fake_instance_turn(fake);
    assert_string_equal(seen, "| x-bob-x ");
    assert_int_equal(matched, 1);
    query.connections.search = BYTES_LITERAL("new");
    assert_string_equal(take(&query), "| x-bob-x ");
    fake_client_leave(bob);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_busiest_of_all_workers_come_first,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_channel_is_listed_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_top_entries_of_many_are_found,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(channels_may_be_added_meanwhile, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(only_one_snapshot_at_a_time, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(snapshots_per_second_are_limited,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_lost_viewer_gets_no_answer, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_search_text_is_copied, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
