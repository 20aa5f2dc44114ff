#include "unit.h"

#include "base/hash.h"
#include "base/random.h"

static void the_same_bytes_hash_the_same(void **state)
{
    (void)state;
    hash_seed();
    char copy[] = "channel";
    assert_true(hash_bytes("channel", 7) == hash_bytes(copy, 7));
    assert_true(hash_bytes("channel", 7) != hash_bytes("channel", 6));
    assert_true(hash_bytes("", 0) == hash_bytes(NULL, 0));
}

/* Who does not know the seed cannot choose names that collide. */
static void another_seed_hashes_otherwise(void **state)
{
    (void)state;
    hash_seed();
    uint64_t before = hash_bytes("channel", 7);
    hash_seed();
    assert_true(hash_bytes("channel", 7) != before);
}

/* How many of the names share the fullest of 256 buckets, as uthash has them. */
static unsigned fullest_bucket(uint32_t names[], unsigned count)
{
    unsigned buckets[256] = {0};
    unsigned fullest = 0;
    for (unsigned i = 0; i < count; i++) {
        unsigned value;
        HASH_FUNCTION(&names[i], sizeof names[i], value);
        unsigned *bucket = &buckets[value & 255];
        if (++*bucket > fullest)
            fullest = *bucket;
    }
    return fullest;
}

static void names_that_collide_in_one_process_do_not_in_another(void **state)
{
    (void)state;
    enum { NAMES = 512 };
    uint32_t names[NAMES];
    unsigned count = 0;
    hash_seed();
    for (uint32_t name = 0; count < NAMES; name++)
        if ((hash_bytes(&name, sizeof name) & 255) == 0)
            names[count++] = name;
    assert_int_equal(fullest_bucket(names, NAMES), NAMES);
    hash_seed();
    assert_in_range(fullest_bucket(names, NAMES), 1, 30);
}

static void random_numbers_differ(void **state)
{
    (void)state;
    char a[256], b[256];
    assert_true(random_uint64() != random_uint64());
    random_fill(a, sizeof a);
    random_fill(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    random_fill(a, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_bytes_hash_the_same),
        cmocka_unit_test(another_seed_hashes_otherwise),
        cmocka_unit_test(names_that_collide_in_one_process_do_not_in_another),
        cmocka_unit_test(random_numbers_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
