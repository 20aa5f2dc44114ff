#include "unit.h"

#include <string.h>

#include "messaging/store/idempotency.h"

static struct idempotency known;

static int set_up(void **state)
{
    (void)state;
    known = (struct idempotency){0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    idempotency_clear(&known);
    return 0;
}

static void add_of(const char *client, const char *channel, const char *key,
                   uint64_t offset, int64_t now_ms)
{
    struct request *request = request_new_publish(
        bytes_of(channel), bytes_of(client), bytes_of(key), BYTES_LITERAL("1"));
    request->position = (struct position){7, offset};
    idempotency_add(&known, request, now_ms);
    request_free(request);
}

static void add(const char *channel, const char *key, uint64_t offset,
                int64_t now_ms)
{
    add_of("", channel, key, offset, now_ms);
}

/* The known offset, or 0. */
static uint64_t find_of(const char *client, const char *channel,
                        const char *key, int64_t now_ms)
{
    struct position position = {0};
    struct request *request = request_new_publish(
        bytes_of(channel), bytes_of(client), bytes_of(key), BYTES_LITERAL("1"));
    bool found = idempotency_find(&known, request, now_ms, &position);
    request_free(request);
    assert_int_equal(position.epoch, found ? 7 : 0);
    return position.offset;
}

static uint64_t find(const char *channel, const char *key, int64_t now_ms)
{
    return find_of("", channel, key, now_ms);
}

static void keys_are_separate_per_client(void **state)
{
    (void)state;
    add_of("alice b", "a", "k", 5, 1000);
    assert_int_equal(find_of("alice b", "a", "k", 1000), 5);
    assert_int_equal(find_of("alice", "a", "k", 1000), 0);
    assert_int_equal(find("a", "k", 1000), 0);
    add("a", "k", 6, 1000);
    assert_int_equal(find("a", "k", 1000), 6);
    assert_int_equal(find_of("alice b", "a", "k", 1000), 5);
}

static void keys_are_separate_per_channel(void **state)
{
    (void)state;
    add("a", "k", 5, 1000);
    assert_int_equal(find("a", "k", 1000), 5);
    assert_int_equal(find("b", "k", 1000), 0);
    assert_int_equal(find("a", "kk", 1000), 0);
    assert_int_equal(find("a", "", 1000), 0);
}

static void a_key_is_known_for_five_minutes(void **state)
{
    (void)state;
    add("a", "k", 5, 1000);
    assert_int_equal(find("a", "k", 301000), 5);
    assert_int_equal(find("a", "k", 301001), 0);
    assert_int_equal(idempotency_expire(&known, 301000), 0);
    assert_int_equal(idempotency_expire(&known, 301001), 1);
    assert_int_equal(idempotency_expire(&known, 301001), 0);
}

static void an_expired_key_is_new(void **state)
{
    (void)state;
    add("a", "k", 5, 1000);
    add("a", "other", 6, 2000);
    add("a", "k", 9, 400000);
    assert_int_equal(find("a", "k", 400000), 9);
    /* and the newest */
    assert_int_equal(idempotency_expire(&known, 400000), 1);
    assert_int_equal(find("a", "k", 400000), 9);
}

static void the_oldest_is_dropped_first(void **state)
{
    (void)state;
    add("a", "1", 1, 1000);
    add("a", "2", 2, 1000);
    assert_true(idempotency_drop_oldest(&known));
    assert_int_equal(find("a", "1", 1000), 0);
    assert_int_equal(find("a", "2", 1000), 2);
    assert_true(idempotency_drop_oldest(&known));
    assert_false(idempotency_drop_oldest(&known));
}

static void keys_are_printable_and_short(void **state)
{
    (void)state;
    char longest[IDEMPOTENCY_KEY_MAX + 1];
    memset(longest, '~', sizeof longest);
    assert_true(idempotency_key_is_valid(BYTES_LITERAL("!")));
    assert_true(
        idempotency_key_is_valid((struct bytes){longest, sizeof longest - 1}));
    assert_false(
        idempotency_key_is_valid((struct bytes){longest, sizeof longest}));
    static const struct bytes bad[] = {
        BYTES_LITERAL(""),         BYTES_LITERAL("a b"),
        BYTES_LITERAL("a\n"),      BYTES_LITERAL("a\0b"),
        BYTES_LITERAL("\xc3\xa9"), BYTES_LITERAL("\x7f")};
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(idempotency_key_is_valid(bad[i]));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(keys_are_separate_per_channel),
        TEST(keys_are_separate_per_client),
        TEST(a_key_is_known_for_five_minutes),
        TEST(an_expired_key_is_new),
        TEST(the_oldest_is_dropped_first),
        TEST(keys_are_printable_and_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
