#include "unit.h"

#include "base/hash.h"
#include "base/shards.h"
#include "base/thread.h"

static struct shards shards;

static void a_name_has_one_shard(void **state)
{
    (void)state;
    hash_seed();
    shards_init(&shards);
    unsigned part = shards_lock(&shards, BYTES_LITERAL("news"));
    assert_in_range(part, 0, SHARDS - 1);
    shards_unlock(&shards, part);
    assert_int_equal(shards_lock(&shards, BYTES_LITERAL("news")), part);
    shards_unlock(&shards, part);
    shards_deinit(&shards);
}

static void names_are_spread_over_the_shards(void **state)
{
    (void)state;
    enum { NAMES = 6400 };
    unsigned counts[SHARDS] = {0};
    hash_seed();
    shards_init(&shards);
    for (unsigned i = 0; i < NAMES; i++) {
        struct bytes name = {(const char *)&i, sizeof i};
        unsigned part = shards_lock(&shards, name);
        counts[part]++;
        shards_unlock(&shards, part);
    }
    for (unsigned i = 0; i < SHARDS; i++)
        assert_in_range(counts[i], 40, 200); /* 100 on average */
    shards_deinit(&shards);
}

enum { ROUNDS = 20000 };

static unsigned guarded;

static void *count_up(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        unsigned part = shards_lock(&shards, BYTES_LITERAL("news"));
        guarded++;
        shards_unlock(&shards, part);
    }
    return NULL;
}

static void one_thread_at_a_time_holds_a_shard(void **state)
{
    (void)state;
    pthread_t other;
    shards_init(&shards);
    thread_start(&other, count_up, NULL);
    count_up(NULL);
    pthread_join(other, NULL);
    assert_int_equal(guarded, 2 * ROUNDS);
    shards_deinit(&shards);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_has_one_shard),
        cmocka_unit_test(names_are_spread_over_the_shards),
        cmocka_unit_test(one_thread_at_a_time_holds_a_shard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
