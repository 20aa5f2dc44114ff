#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/name_table.h"

enum { NAMES = 3000, NAME_SIZE = 12 };

struct fixture {
    struct name_table table;
    char names[NAMES][NAME_SIZE];
};

static int set_up(void **state)
{
    struct fixture *self = memory_new(1, sizeof *self);
    hash_seed();
    for (int i = 0; i < NAMES; i++)
        snprintf(self->names[i], NAME_SIZE, "n%d", i);
    *state = self;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *self = *state;
    uint32_t at = 0;
    const char *name;
    while ((name = name_table_next(&self->table, &at)))
        name_table_remove(&self->table, name);
    assert_null(self->table.names);
    free(self);
    return 0;
}

static const char *find(const struct fixture *self, const char *name)
{
    return name_table_find(&self->table, bytes_of(name));
}

static void an_empty_table_finds_nothing(void **state)
{
    const struct fixture *self = *state;
    uint32_t at = 0;
    assert_null(find(self, "n0"));
    assert_null(find(self, ""));
    assert_null(name_table_next(&self->table, &at));
}

static void names_are_found_by_their_text(void **state)
{
    struct fixture *self = *state;
    char empty[] = "";
    name_table_add(&self->table, self->names[1]);
    name_table_add(&self->table, empty);
    assert_ptr_equal(find(self, "n1"), self->names[1]);
    assert_ptr_equal(find(self, ""), empty);
    assert_null(find(self, "n"));
    assert_null(find(self, "n11"));
    name_table_remove(&self->table, empty);
    assert_null(find(self, ""));
}

static void an_entry_is_found_from_its_name_member(void **state)
{
    struct entry {
        int number;
        char name[4];
    } entry = {7, "x"};
    (void)state;
    assert_ptr_equal(NAME_TABLE_ENTRY(entry.name, struct entry, name), &entry);
    assert_null(NAME_TABLE_ENTRY(NULL, struct entry, name));
}

static void names_keep_the_order_of_insertion(void **state)
{
    struct fixture *self = *state;
    for (int i = 0; i < NAMES; i++)
        name_table_add(&self->table, self->names[i]);
    for (int i = 0; i < NAMES; i += 3)
        name_table_remove(&self->table, self->names[i]);
    for (int i = 0; i < NAMES; i += 3)
        name_table_add(&self->table, self->names[i]);
    uint32_t at = 0;
    for (int i = 0; i < NAMES; i++)
        if (i % 3)
            assert_ptr_equal(name_table_next(&self->table, &at),
                             self->names[i]);
    for (int i = 0; i < NAMES; i += 3)
        assert_ptr_equal(name_table_next(&self->table, &at), self->names[i]);
    assert_null(name_table_next(&self->table, &at));
}

/* Compared with a list of the entries: entries moved up must still be found. */
static void names_are_added_and_removed_in_any_order(void **state)
{
    struct fixture *self = *state;
    enum { STEPS = 60000, FEW = 97 };
    bool is_in[FEW] = {0};
    uint32_t count = 0;
    uint32_t random = 1;
    for (int step = 0; step < STEPS; step++) {
        random = random * 1664525 + 1013904223;
        uint32_t i = (random >> 8) % FEW;
        if (is_in[i])
            name_table_remove(&self->table, self->names[i]);
        else
            name_table_add(&self->table, self->names[i]);
        is_in[i] = !is_in[i];
        count += is_in[i] ? 1 : UINT32_MAX;
        assert_int_equal(self->table.count, count);
        for (uint32_t k = 0; step % 16 == 0 && k < FEW; k++)
            assert_ptr_equal(find(self, self->names[k]),
                             is_in[k] ? self->names[k] : NULL);
    }
}

static void the_size_of_a_table_follows_its_content(void **state)
{
    struct fixture *self = *state;
    name_table_add(&self->table, self->names[0]);
    for (int i = 1; i < NAMES; i++) {
        name_table_add(&self->table, self->names[i]);
        name_table_remove(&self->table, self->names[i]);
    }
    assert_in_range(self->table.limit, 1, 8);
    for (int i = 1; i < NAMES; i++)
        name_table_add(&self->table, self->names[i]);
    assert_in_range(self->table.limit, NAMES, NAMES * 2);
}

/* Names whose search starts in the first 64th of any table. */
static uint32_t count_at_the_start(const struct fixture *self)
{
    uint32_t count = 0;
    uint32_t at = 0;
    const char *name;
    while ((name = name_table_next(&self->table, &at)))
        count += (uint32_t)hash_bytes(name, strlen(name)) >> 26 == 0;
    return count;
}

/* With one seed, the chosen names form one long run; with another they
 * spread. */
static void chosen_names_do_not_collide_under_another_seed(void **state)
{
    struct fixture *self = *state;
    enum { CHOSEN = 512 };
    for (uint32_t i = 0, chosen = 0; chosen < CHOSEN; i++) {
        char *name = self->names[chosen];
        snprintf(name, NAME_SIZE, "c%u", (unsigned)i);
        if ((uint32_t)hash_bytes(name, strlen(name)) >> 26 == 0)
            chosen++;
    }
    for (int i = 0; i < CHOSEN; i++)
        name_table_add(&self->table, self->names[i]);
    assert_int_equal(count_at_the_start(self), CHOSEN);
    for (int i = 0; i < CHOSEN; i++) {
        assert_ptr_equal(find(self, self->names[i]), self->names[i]);
        name_table_remove(&self->table, self->names[i]);
    }
    hash_seed();
    for (int i = 0; i < CHOSEN; i++)
        name_table_add(&self->table, self->names[i]);
    assert_in_range(count_at_the_start(self), 0, 40);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_table_finds_nothing),
        TEST(names_are_found_by_their_text),
        TEST(an_entry_is_found_from_its_name_member),
        TEST(names_keep_the_order_of_insertion),
        TEST(names_are_added_and_removed_in_any_order),
        TEST(the_size_of_a_table_follows_its_content),
        TEST(chosen_names_do_not_collide_under_another_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
