#include "unit.h"

#include "api/api_key_counts.h"
#include "api/api_keys.h"

/* SHA-256 of "abc": FIPS 180-2, appendix B.1 */
#define HASH_OF_ABC                                                            \
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static char *publish_scope[] = {"publish"};
static char *two_scopes[] = {"send", "history"};
static char *admin_scope[] = {"admin"};

static char *every[] = {"acme:*", "*"};
static char *some[] = {"acme:*", "news"};

static struct api_key_options items[] = {
    {"one", HASH_OF_ABC, {publish_scope, 1}, 2, {every, 2}, {every, 2}},
    {"two", NULL, {two_scopes, 2}, 0, {some, 2}, {NULL, 0}},
    {"boss", NULL, {admin_scope, 1}, 0, {every, 2}, {every, 2}},
};

static char hash_of_two[API_HASH_LEN + 1];
static char hash_of_boss[API_HASH_LEN + 1];
static struct api_keys *keys;

static int set_up(void **state)
{
    (void)state;
    api_key_hash(BYTES_LITERAL("two"), hash_of_two);
    api_key_hash(BYTES_LITERAL("boss"), hash_of_boss);
    items[1].hash = hash_of_two;
    items[2].hash = hash_of_boss;
    keys = api_keys_new(&(struct api_key_options_list){items, COUNT(items)},
                        "plain", 1, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    api_keys_unref(keys);
    return 0;
}

static void a_hash_is_sha_256(void **state)
{
    (void)state;
    char hash[API_HASH_LEN + 1];
    api_key_hash(BYTES_LITERAL("abc"), hash);
    assert_string_equal(hash, HASH_OF_ABC);
}

static void hashes_are_distinguished_from_other_texts(void **state)
{
    (void)state;
    assert_true(api_key_hash_is_valid(HASH_OF_ABC));
    static const char *const bad[] = {
        "",
        "sha256:",
        "abc",
        HASH_OF_ABC "0",
        "sha512:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a"
        "d",
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a"
        "x",
        "sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015A"
        "D"};
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(api_key_hash_is_valid(bad[i]));
}

static void a_key_is_found_only_by_its_exact_text(void **state)
{
    (void)state;
    static const char *const good[] = {"abc", "two", "boss", "plain"};
    static const char *const bad[] = {"", "ab", "abcd", "ABC", HASH_OF_ABC};
    for (size_t i = 0; i < COUNT(good); i++)
        assert_non_null(api_keys_find(keys, bytes_of(good[i])));
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_null(api_keys_find(keys, bytes_of(bad[i])));
    assert_null(api_keys_find(keys, BYTES_LITERAL("abc\0")));
}

static unsigned scopes_of(const char *text)
{
    const struct api_key *key = api_keys_find(keys, bytes_of(text));
    unsigned scopes = 0;
    for (unsigned bit = 1; bit <= SCOPE_ALL; bit *= 2)
        scopes |= api_key_may(key, bit) ? bit : 0;
    return scopes;
}

static void scopes_are_those_of_the_options(void **state)
{
    (void)state;
    assert_int_equal(scopes_of("abc"), SCOPE_PUBLISH);
    assert_int_equal(scopes_of("two"), SCOPE_SEND | SCOPE_HISTORY);
    assert_int_equal(scopes_of("boss"), SCOPE_ALL);
    assert_int_equal(scopes_of("plain"), SCOPE_ALL);
}

static void every_scope_of_the_config_has_a_meaning(void **state)
{
    (void)state;
    char text[] = API_SCOPES;
    unsigned all = 0;
    for (char *name = strtok(text, "|"); name; name = strtok(NULL, "|")) {
        struct api_key_options one = {
            .name = "x", .hash = HASH_OF_ABC, .scopes = {&name, 1}};
        struct api_keys *made = api_keys_new(
            &(struct api_key_options_list){&one, 1}, NULL, 0, NULL);
        const struct api_key *key = api_keys_find(made, BYTES_LITERAL("abc"));
        unsigned scopes = 0;
        for (unsigned bit = 1; bit <= SCOPE_ALL; bit *= 2)
            scopes |= api_key_may(key, bit) ? bit : 0;
        assert_int_not_equal(scopes, 0);
        if (strcmp(name, "admin") != 0) {
            assert_int_equal(all & scopes, 0);
            all |= scopes;
        }
        api_keys_unref(made);
    }
    assert_int_equal(all, SCOPE_ALL & ~SCOPE_ADMIN);
}

static void each_key_has_a_separate_rate(void **state)
{
    (void)state;
    struct api_key *one = api_keys_find(keys, BYTES_LITERAL("abc"));
    assert_string_equal(api_key_name(one), items[0].name);
    struct api_key *two = api_keys_find(keys, BYTES_LITERAL("two"));
    assert_true(api_key_take(one, 10000));
    assert_true(api_key_take(one, 10000));
    assert_false(api_key_take(one, 10000));
    for (int i = 0; i < 1000; i++)
        assert_true(api_key_take(two, 10000));
    assert_true(api_key_take(one, 10500));
    assert_false(api_key_take(one, 10500));
    /* another thread may have read the clock slightly earlier */
    assert_false(api_key_take(one, 10400));
    assert_true(api_key_take(one, 11000));
}

static void a_key_reaches_what_its_patterns_match(void **state)
{
    (void)state;
    struct api_key *one = api_keys_find(keys, BYTES_LITERAL("abc"));
    struct api_key *two = api_keys_find(keys, BYTES_LITERAL("two"));
    struct api_key *plain = api_keys_find(keys, BYTES_LITERAL("plain"));
    assert_false(api_key_is_limited(one) || api_key_is_limited(plain));
    assert_null(api_key_channels(one));
    assert_null(api_key_clients(plain));
    assert_true(api_key_is_limited(two));
    assert_int_equal(api_key_channels(two)->count, 2);
    assert_string_equal(api_key_channels(two)->items[1], "news");
    assert_int_equal(api_key_clients(two)->count, 0);
}

static void assert_metrics(const struct api_keys *of, const char *expected)
{
    struct buffer out = {0};
    api_keys_write_metrics(of, &out);
    const char *lines = strstr(buffer_text(&out), "counter\n");
    assert_string_equal(lines + strlen("counter\n"), expected);
    buffer_deinit(&out);
}

static void counts_survive_a_reload(void **state)
{
    (void)state;
    assert_metrics(keys, "");
    struct api_key *two = api_keys_find(keys, BYTES_LITERAL("two"));
    api_key_counts_add(api_key_counts(two), 200);
    api_key_counts_add(api_key_counts(two), 999);
    struct api_keys *next = api_keys_new(
        &(struct api_key_options_list){items + 1, 2}, NULL, 0, keys);
    api_key_counts_add(api_key_counts(two), 403);
    api_key_counts_add(
        api_key_counts(api_keys_find(next, BYTES_LITERAL("two"))), 200);
    const char *expected =
        "peal_api_key_requests_total{key=\"two\",status=\"200\"} 2\n"
        "peal_api_key_requests_total{key=\"two\",status=\"403\"} 1\n";
    assert_metrics(next, expected);
    assert_metrics(keys, expected);
    api_keys_unref(next);
}

static void no_keys_are_allowed(void **state)
{
    (void)state;
    struct api_key_options_list empty = {0};
    struct api_keys *none = api_keys_new(&empty, NULL, 0, NULL);
    assert_true(api_keys_are_none(none));
    assert_false(api_keys_are_none(keys));
    assert_null(api_keys_find(none, BYTES_LITERAL("abc")));
    assert_null(api_keys_find(none, BYTES_LITERAL("")));
    api_keys_unref(none);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_hash_is_sha_256),
        TEST(hashes_are_distinguished_from_other_texts),
        TEST(a_key_is_found_only_by_its_exact_text),
        TEST(scopes_are_those_of_the_options),
        TEST(every_scope_of_the_config_has_a_meaning),
        TEST(each_key_has_a_separate_rate),
        TEST(a_key_reaches_what_its_patterns_match),
        TEST(counts_survive_a_reload),
        TEST(no_keys_are_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
