#include "unit.h"

#include <stdio.h>

#include "base/memory.h"
#include "fakes/fake_clock.h"
#include "messaging/bans.h"
#include "messaging/verdict.h"

static struct bans *bans;

static int set_up(void **state)
{
    (void)state;
    fake_clock_stop();
    bans = bans_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bans_free(bans);
    return 0;
}

static bool set_in(struct bans *table, const char *target, int64_t seconds,
                   const char *reason)
{
    return bans_set(table, bytes_of(target),
                    FAKE_CLOCK_WALL_MS + seconds * 1000, bytes_of(reason));
}

static bool set(const char *target, int64_t seconds)
{
    return set_in(bans, target, seconds, "why");
}

static bool has_client(const char *id)
{
    ban_reason reason;
    bool is_banned = bans_has_client(bans, id, reason);
    if (is_banned)
        assert_string_equal(reason, "why");
    return is_banned;
}

static bool has_address(const char *text)
{
    ban_reason reason;
    struct ip_address address;
    assert_true(ip_address_parse(bytes_of(text), &address));
    return bans_has_address(bans, &address, reason);
}

static void a_client_is_banned_until_the_expiry(void **state)
{
    (void)state;
    assert_false(has_client("eve"));
    assert_true(set("client:eve", 10));
    assert_true(has_client("eve"));
    assert_false(has_client("ev"));
    assert_false(has_client("eve2"));
    fake_clock_advance(9999);
    assert_true(has_client("eve"));
    assert_int_equal(bans_expire(bans), 1);
    fake_clock_advance(1);
    assert_false(has_client("eve"));
    assert_false(bans_remove(bans, BYTES_LITERAL("client:eve")));
    assert_int_equal(bans_expire(bans), 0);
}

static void the_last_change_wins(void **state)
{
    (void)state;
    set("client:eve", 10);
    set("client:eve", 20);
    fake_clock_advance(15000);
    assert_true(has_client("eve"));
    assert_true(bans_remove(bans, BYTES_LITERAL("client:eve")));
    assert_false(has_client("eve"));
    assert_false(bans_remove(bans, BYTES_LITERAL("client:eve")));
}

static void addresses_and_networks_are_banned(void **state)
{
    (void)state;
    assert_true(set("address:192.0.2.7", 10));
    assert_true(set("address:198.51.100.0/24", 10));
    assert_true(set("address:2001:db8::/32", 10));
    assert_true(has_address("192.0.2.7"));
    assert_false(has_address("192.0.2.8"));
    assert_true(has_address("198.51.100.255"));
    assert_false(has_address("198.51.101.0"));
    assert_true(has_address("2001:db8:1::1"));
    assert_false(has_address("2001:db9::1"));
    assert_true(bans_remove(bans, BYTES_LITERAL("address:198.51.100.0/24")));
    assert_false(has_address("198.51.100.255"));
    assert_true(has_address("2001:db8:1::1"));
}

static void a_target_has_a_canonical_form(void **state)
{
    (void)state;
    static const struct {
        const char *range;
        const char *target;
    } cases[] = {
        {"192.0.2.7", "address:192.0.2.7"},
        {"192.0.2.7/32", "address:192.0.2.7"},
        {"10.0.0.0/8", "address:10.0.0.0/8"},
        {"0.0.0.0/0", "address:0.0.0.0/0"},
        {"2001:DB8:0::1", "address:2001:db8::1"},
        {"2001:db8::/32", "address:2001:db8::/32"},
        {"::/0", "address:::/0"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char target[BAN_TARGET_MAX];
        struct ip_range range;
        assert_true(ip_range_parse(cases[i].range, &range));
        size_t len = bans_target_of_range(&range, target);
        assert_int_equal(len, strlen(cases[i].target));
        assert_string_equal(target, cases[i].target);
        assert_true(set(target, 10));
    }
}

static void an_invalid_target_is_refused(void **state)
{
    (void)state;
    static char long_one[300] = "client:";
    memset(long_one + 7, 'x', 200);
    const char *const bad[] = {"",
                               "client:",
                               "client",
                               "host:a",
                               "address:",
                               "address:x",
                               "address:10.0.0.1/8",
                               long_one};
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(set(bad[i], 10));
    assert_false(set_in(bans, "client:a", 10, "\xff"));
    assert_int_equal(bans_expire(bans), 0);
}

static void the_number_of_bans_is_limited(void **state)
{
    (void)state;
    char target[BAN_TARGET_MAX];
    for (int i = 0; i < BANS_NETWORKS_MAX + 1; i++) {
        snprintf(target, sizeof target, "address:10.%d.%d.0/24", i / 256,
                 i % 256);
        assert_int_equal(set(target, 10), i < BANS_NETWORKS_MAX);
    }
    assert_true(set("address:10.0.0.0/24", 20)); /* still banned */
    for (int i = BANS_NETWORKS_MAX; i < BANS_MAX + 1; i++) {
        snprintf(target, sizeof target, "client:c-%d", i);
        assert_int_equal(set(target, 10), i < BANS_MAX);
    }
    bans_clear(bans);
    assert_true(set("client:eve", 10));
}

static void a_table_is_replaced_completely(void **state)
{
    (void)state;
    struct bans *fresh = bans_new();
    set("client:old", 10);
    set("client:both", 10);
    set("address:10.0.0.0/8", 10);
    set_in(fresh, "client:both", 10, "why");
    assert_false(bans_take(bans, fresh));
    assert_false(has_client("old"));
    assert_false(has_address("10.1.1.1"));
    assert_true(has_client("both"));
    set_in(fresh, "client:both", 10, "why");
    set_in(fresh, "address:10.0.0.0/8", 10, "why");
    assert_true(bans_take(bans, fresh));
    assert_true(has_address("10.1.1.1"));
    assert_int_equal(bans_expire(fresh), 0);
    bans_free(fresh);
}

static void bans_are_listed(void **state)
{
    (void)state;
    struct buffer out = {0};
    char expected[200];
    set("client:eve", 10);
    set_in(bans, "address:10.0.0.0/8", 10, "");
    set("client:old", 0);
    assert_int_equal(bans_write(bans, NULL, 10, &out), 2);
    snprintf(expected, sizeof expected,
             "{\"client\":\"eve\",\"until\":%lld,\"reason\":\"why\"},"
             "{\"address\":\"10.0.0.0/8\",\"until\":%lld}",
             (long long)FAKE_CLOCK_WALL_MS + 10000,
             (long long)FAKE_CLOCK_WALL_MS + 10000);
    assert_string_equal(buffer_text(&out), expected);
    buffer_clear(&out);
    assert_int_equal(bans_write(bans, NULL, 0, &out), 2);
    char *patterns[] = {"ev*"};
    const struct text_list clients = {patterns, 1};
    assert_int_equal(bans_write(bans, &clients, 0, &out), 1);
    assert_int_equal(out.len, 0);
    buffer_deinit(&out);
}

/* A sanitizer detects parts of its identity that are not freed. */
static void a_revoked_token_is_refused_and_leaves_nothing(void **state)
{
    (void)state;
    struct verdict verdict = {.status = 101,
                              .identity = {.caps = caps_nothing(),
                                           .info = memory_copy_text("{}", 2),
                                           .has_token = true,
                                           .generation = 1}};
    assert_true(set_in(bans, "tokens:eve", 10, "2"));
    bans_judge_token(bans, "eve", &verdict);
    assert_int_equal(verdict.why, REFUSAL_TOKEN_INVALID);
    assert_null(verdict.identity.caps);
    assert_null(verdict.identity.info);
}

static bool take(const char *target, const char *reason)
{
    struct bans *fresh = bans_new();
    assert_true(set_in(fresh, target, 10, reason));
    bool has_new = bans_take(bans, fresh);
    bans_free(fresh);
    return has_new;
}

/* Its reason contains the generation; connections with an older token are
 * closed. */
static void revoking_more_tokens_is_a_change(void **state)
{
    (void)state;
    assert_true(take("tokens:eve", "2"));
    assert_false(take("tokens:eve", "2"));
    assert_true(take("tokens:eve", "3"));
    struct identity identity = {.has_token = true, .generation = 2};
    assert_true(bans_revoke_identity(bans, "eve", &identity));
    assert_false(bans_revoke_identity(bans, "ann", &identity));
    identity.generation = 3;
    assert_false(bans_revoke_identity(bans, "eve", &identity));
    identity = (struct identity){.has_token = false};
    assert_false(bans_revoke_identity(bans, "eve", &identity));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(revoking_more_tokens_is_a_change,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_revoked_token_is_refused_and_leaves_nothing, set_up, tear_down),
        TEST(a_client_is_banned_until_the_expiry),
        TEST(the_last_change_wins),
        TEST(addresses_and_networks_are_banned),
        TEST(a_target_has_a_canonical_form),
        TEST(an_invalid_target_is_refused),
        TEST(the_number_of_bans_is_limited),
        TEST(a_table_is_replaced_completely),
        TEST(bans_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
