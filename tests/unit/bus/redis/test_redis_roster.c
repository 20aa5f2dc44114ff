#include "bus/redis/redis_roster.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "bus/redis/redis_channel_table.h"
#include "fakes/fake_clock.h"
#include "messaging/hub.h"
#include "unit.h"

enum { LEASE_SECONDS = 15 };

static char told[256];
static struct worker worker;
static struct instance instance;
static const struct redis_options redis = {.lease_seconds = LEASE_SECONDS};
static const struct channel_options options = {.presence = true,
                                               .join_leave = true};
static struct redis_bus bus = {.instance = &instance, .options = &redis};
static struct redis_channel *channel;
static struct hub_channel *wanted;

static void note(void *arg, void *item)
{
    struct message *message = item;
    size_t len = strlen(told);
    (void)arg;
    snprintf(told + len, sizeof told - len, "%s%c%.*s", len ? " " : "",
             message->kind == MESSAGE_JOIN ? '+' : '-', (int)message->from.len,
             message->from.data);
    message_unshare(message);
}

static void wake(void *arg)
{
    (void)arg;
}

static int set_up(void **state)
{
    (void)state;
    fake_clock_stop();
    fake_clock_advance(LEASE_SECONDS * 1000);
    inbox_init(&worker.inbox, wake, NULL);
    instance.hub = hub_new(note);
    hub_add_worker(instance.hub, &worker);
    wanted = hub_enter(instance.hub, &worker, "room");
    channel = calloc(1, sizeof *channel + sizeof "room");
    strcpy(channel->name, "room");
    channel->bus = &bus;
    channel->options = &options;
    channel->stage = LIVE;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    redis_roster_clear(&channel->roster);
    free(channel);
    hub_leave(instance.hub, &worker, wanted);
    hub_free(instance.hub);
    inbox_deinit(&worker.inbox);
    return 0;
}

static void push(enum message_kind kind, const char *client)
{
    const struct message_parts parts = {.channel = BYTES_LITERAL("room"),
                                        .from = bytes_of(client)};
    struct message *message = message_new_of(kind, &parts);
    redis_roster_take(channel, message);
    message_unref(message);
}

static void append_name(void *arg, const char *client, uint32_t connections,
                        struct bytes info)
{
    char *names = arg;
    (void)connections, (void)info;
    strcat(strcat(names, *names ? " " : ""), client);
}

/* Takes a list of names, each followed by a space, and checks the amended
 * list. */
static void take_list(uint32_t mark, const char *names, const char *amended)
{
    struct members list = {0};
    char found[256] = "";
    char name[32];
    int len;
    for (; sscanf(names, "%31s %n", name, &len) == 1; names += len)
        members_add(&list, name);
    redis_roster_end_reading(channel, mark, &list);
    members_each(&list, append_name, found);
    assert_string_equal(found, amended);
    members_clear(&list);
}

static void read_list(const char *names, const char *amended)
{
    take_list(redis_roster_begin_reading(channel), names, amended);
}

static void assert_told(const char *expected)
{
    inbox_drain(&worker.inbox);
    assert_string_equal(told, expected);
    *told = '\0';
}

static void the_first_list_announces_nothing(void **state)
{
    (void)state;
    push(MESSAGE_LEAVE, "early");
    read_list("ann bob ", "ann bob");
    assert_told("-early");
    push(MESSAGE_JOIN, "carl");
    push(MESSAGE_LEAVE, "bob");
    assert_told("+carl -bob");
}

static void nothing_is_announced_twice(void **state)
{
    (void)state;
    read_list("ann bob ", "ann bob");
    push(MESSAGE_JOIN, "ann");
    push(MESSAGE_LEAVE, "carl");
    push(MESSAGE_LEAVE, "bob");
    push(MESSAGE_LEAVE, "bob");
    assert_told("-bob");
}

static void missed_changes_are_announced(void **state)
{
    (void)state;
    read_list("ann bob ", "ann bob");
    read_list("bob carl ", "bob carl");
    assert_told("+carl -ann");
}

/* Another instance may be about to add them again. */
static void after_an_outage_nobody_leaves_for_a_lease(void **state)
{
    (void)state;
    read_list("ann bob ", "ann bob");
    redis_roster_doubt(channel);
    read_list("", "ann bob");
    push(MESSAGE_JOIN, "ann");
    assert_told("");
    assert_true(channel->roster.is_due);
    fake_clock_advance(LEASE_SECONDS * 1000);
    assert_true(channel->roster.due_ms <= clock_steady_ms());
    read_list("ann ", "ann");
    assert_told("-bob");
    assert_false(channel->roster.is_due);
}

static void changes_since_the_request_are_not_compared(void **state)
{
    (void)state;
    read_list("ann bob ", "ann bob");
    uint32_t mark = redis_roster_begin_reading(channel);
    push(MESSAGE_JOIN, "carl");
    push(MESSAGE_LEAVE, "ann");
    uint32_t later = redis_roster_begin_reading(channel);
    take_list(mark, "ann bob ", "bob carl");
    assert_told("+carl -ann");
    take_list(later, "ann ", "ann");
    assert_told("+ann -bob -carl");
}

/* A leave from before the client's join arrives after the list. */
static void local_members_are_always_in_the_list(void **state)
{
    (void)state;
    read_list("ann ", "ann");
    members_add(&channel->members, "ann");
    uint32_t mark = redis_roster_begin_reading(channel);
    push(MESSAGE_LEAVE, "ann");
    take_list(mark, "ann ", "ann");
    push(MESSAGE_JOIN, "ann");
    assert_told("-ann +ann");
    members_clear(&channel->members);
}

static void a_lost_list_is_requested_again(void **state)
{
    (void)state;
    uint32_t mark = redis_roster_begin_reading(channel);
    assert_false(channel->roster.is_due);
    redis_roster_end_reading(channel, mark, NULL);
    assert_true(channel->roster.is_due);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_list_announces_nothing),
        TEST(nothing_is_announced_twice),
        TEST(missed_changes_are_announced),
        TEST(after_an_outage_nobody_leaves_for_a_lease),
        TEST(changes_since_the_request_are_not_compared),
        TEST(local_members_are_always_in_the_list),
        TEST(a_lost_list_is_requested_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
