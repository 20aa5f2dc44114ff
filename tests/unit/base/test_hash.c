#include "unit.h"

#include <stdlib.h>

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

/* Without the seed, nobody can choose names that collide. */
static void another_seed_changes_the_hash(void **state)
{
    (void)state;
    hash_seed();
    uint64_t before = hash_bytes("channel", 7);
    hash_seed();
    assert_true(hash_bytes("channel", 7) != before);
}

/* The number of names in the fullest of 256 buckets, computed like uthash. */
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

static void collisions_differ_between_processes(void **state)
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

struct entry {
    int number;
    UT_hash_handle hh;
    char word[];
};

static void an_entry_is_found_by_its_name(void **state)
{
    (void)state;
    struct entry *entries = NULL;
    struct entry *one;
    struct entry *found;
    hash_seed();
    HASH_FIND_NAMED(entries, bytes_of("one"), found);
    assert_null(found);
    HASH_FIND_OR_ADD_NAMED(entries, word, bytes_of("one"), one);
    assert_string_equal(one->word, "one");
    assert_int_equal(one->number, 0);
    HASH_FIND_OR_ADD_NAMED(entries, word, bytes_of("one"), found);
    assert_ptr_equal(found, one);
    HASH_FIND_OR_ADD_NAMED(entries, word, bytes_of("on"), found);
    assert_ptr_not_equal(found, one);
    assert_int_equal(HASH_COUNT(entries), 2);
    HASH_DEL(entries, found);
    HASH_DEL(entries, one);
    free(found);
    free(one);
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
        cmocka_unit_test(another_seed_changes_the_hash),
        cmocka_unit_test(collisions_differ_between_processes),
        cmocka_unit_test(an_entry_is_found_by_its_name),
        cmocka_unit_test(random_numbers_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
