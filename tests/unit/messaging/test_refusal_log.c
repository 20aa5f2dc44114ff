#include "unit.h"

#include <stdio.h>

#include "base/json.h"
#include "fakes/fake_clock.h"
#include "messaging/refusal_log.h"

static struct refusal_log *log_;
static struct buffer out;

static int set_up(void **state)
{
    (void)state;
    fake_clock_stop();
    log_ = refusal_log_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    refusal_log_free(log_);
    buffer_deinit(&out);
    return 0;
}

static void note(const char *client, const char *address,
                 enum refusal_reason reason)
{
    struct refusal_entry entry = {.kind = REFUSED_HANDSHAKE,
                                  .reason = reason,
                                  .status = 401,
                                  .client = bytes_of(client),
                                  .detail = BYTES_LITERAL("why")};
    ip_address_parse(bytes_of(address), &entry.address);
    refusal_log_note(log_, &entry);
}

/* The matching refusals as a JSON array. */
static uint32_t told(const char *client, const char *range, uint32_t limit)
{
    struct refusal_filter filter = {.client = bytes_of(client),
                                    .has_range = *range != '\0'};
    if (*range)
        assert_true(ip_range_parse(range, &filter.range));
    buffer_clear(&out);
    buffer_append_char(&out, '[');
    uint32_t count = refusal_log_write(log_, &filter, "i:1", limit, &out);
    buffer_append_char(&out, ']');
    assert_true(json_is_valid(buffer_bytes(&out)));
    return count;
}

static void a_refusal_is_listed_with_all_fields(void **state)
{
    (void)state;
    const struct refusal_entry entry = {
        .kind = REFUSED_OPERATION,
        .reason = REFUSAL_FORBIDDEN,
        .client = BYTES_LITERAL("alice"),
        .channel = BYTES_LITERAL("room"),
        .detail = BYTES_LITERAL("\"no\""),
    };
    char expected[512];
    refusal_log_note(log_, &entry);
    note("bob", "192.0.2.1", REFUSAL_TOKEN_EXPIRED);
    assert_int_equal(told("alice", "", 10), 1);
    snprintf(expected, sizeof expected,
             "[{\"time\":%lld,\"first\":%lld,\"count\":1,\"instance\":\"i:1\","
             "\"kind\":\"operation\",\"client\":\"alice\",\"channel\":\"room\","
             "\"reason\":\"forbidden\",\"detail\":\"\\\"no\\\"\"}]",
             (long long)FAKE_CLOCK_WALL_MS, (long long)FAKE_CLOCK_WALL_MS);
    assert_string_equal(buffer_text(&out), expected);
    told("bob", "", 10);
    assert_non_null(strstr(buffer_text(&out),
                           "\"client\":\"bob\",\"address\":\"192.0.2.1\","
                           "\"reason\":\"token_expired\",\"detail\":\"why\","
                           "\"status\":401}"));
}

static void a_repeated_refusal_increases_the_count(void **state)
{
    (void)state;
    char expected[64];
    for (int i = 0; i < 3; i++) {
        note("alice", "192.0.2.1", REFUSAL_TOKEN_EXPIRED);
        fake_clock_advance(1000);
    }
    note("alice", "192.0.2.2", REFUSAL_TOKEN_EXPIRED);
    note("alice", "192.0.2.1", REFUSAL_TOKEN_INVALID);
    assert_int_equal(told("alice", "", 10), 3);
    snprintf(expected, sizeof expected,
             "{\"time\":%lld,\"first\":%lld,"
             "\"count\":3,",
             (long long)FAKE_CLOCK_WALL_MS + 2000,
             (long long)FAKE_CLOCK_WALL_MS);
    assert_non_null(strstr(buffer_text(&out), expected));
}

static void the_newest_are_first_and_old_ones_expire(void **state)
{
    (void)state;
    note("a", "192.0.2.1", REFUSAL_ORIGIN);
    fake_clock_advance(REFUSAL_LOG_SECONDS * 1000 - 1000);
    note("b", "192.0.2.1", REFUSAL_ORIGIN);
    fake_clock_advance(500);
    note("c", "192.0.2.1", REFUSAL_ORIGIN);
    assert_int_equal(told("", "", 2), 3);
    const char *text = buffer_text(&out);
    assert_true(strstr(text, "\"c\"") < strstr(text, "\"b\""));
    assert_null(strstr(text, "\"a\""));
    fake_clock_advance(500);
    assert_int_equal(told("", "", 10), 2);
    note("a", "192.0.2.1", REFUSAL_ORIGIN);
    told("a", "", 1);
    assert_non_null(strstr(buffer_text(&out), "\"count\":1,"));
}

static void refusals_can_be_filtered_by_address(void **state)
{
    (void)state;
    note("a", "192.0.2.1", REFUSAL_ORIGIN);
    note("b", "192.0.2.9", REFUSAL_ORIGIN);
    note("a", "2001:db8::1", REFUSAL_ORIGIN);
    assert_int_equal(told("", "192.0.2.1", 10), 1);
    assert_int_equal(told("", "192.0.2.0/28", 10), 2);
    assert_int_equal(told("a", "192.0.2.0/28", 10), 1);
    assert_int_equal(told("", "2001:db8::/32", 10), 1);
    assert_int_equal(told("c", "", 10), 0);
}

static void one_address_does_not_displace_others(void **state)
{
    (void)state;
    char name[32];
    note("alice", "192.0.2.1", REFUSAL_ORIGIN);
    for (int i = 0; i < 10000; i++) {
        snprintf(name, sizeof name, "evil-%d", i);
        note(name, "192.0.2.66", REFUSAL_ORIGIN);
        fake_clock_advance(1);
    }
    assert_int_equal(told("alice", "", 10), 1);
    assert_int_equal(told("", "192.0.2.66", 1000), REFUSAL_LOG_PER_ADDRESS);
    assert_int_equal(told("evil-9999", "", 10), 1);
    assert_int_equal(told("evil-0", "", 10), 0);
}

static void the_oldest_are_replaced_when_it_is_full(void **state)
{
    (void)state;
    char name[32];
    char address[32];
    for (int i = 0; i < REFUSAL_LOG_PLACES + 1; i++) {
        snprintf(name, sizeof name, "c-%d", i);
        snprintf(address, sizeof address, "10.0.%d.%d", i / 256, i % 256);
        note(name, address, REFUSAL_ORIGIN);
        fake_clock_advance(1);
    }
    assert_int_equal(told("", "", 1), REFUSAL_LOG_PLACES);
    assert_int_equal(told("c-0", "", 1), 0);
    assert_int_equal(told("c-1", "", 1), 1);
}

static void long_texts_are_truncated(void **state)
{
    (void)state;
    static char text[5000];
    memset(text, 'x', sizeof text);
    struct bytes all = {text, sizeof text};
    refusal_log_note(log_, &(struct refusal_entry){
                               .kind = REFUSED_HANDSHAKE,
                               .reason = REFUSAL_CLIENT_ID,
                               .client = all,
                               .channel = all,
                               .detail = all,
                           });
    told("", "", 1);
    assert_true(out.len < 800);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_refusal_is_listed_with_all_fields),
        TEST(a_repeated_refusal_increases_the_count),
        TEST(the_newest_are_first_and_old_ones_expire),
        TEST(refusals_can_be_filtered_by_address),
        TEST(one_address_does_not_displace_others),
        TEST(the_oldest_are_replaced_when_it_is_full),
        TEST(long_texts_are_truncated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
