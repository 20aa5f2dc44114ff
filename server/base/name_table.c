#include "base/name_table.h"

#include <stdlib.h>

#include "base/hash.h"

/* One block contains three arrays: the names in order, their hashes in the same
 * order, and the slots. A slot contains a name's index plus one; 0 is a free
 * slot. At most 7 of 8 slots are used. */

enum { LIMIT_MIN = 4 };

static uint32_t slots_for(uint32_t limit)
{
    return limit + limit / 7 + 1;
}

static uint32_t *hashes_of(const struct name_table *table)
{
    return (uint32_t *)(table->names + table->limit);
}

static uint32_t *slots_of(const struct name_table *table)
{
    return hashes_of(table) + table->limit;
}

static uint32_t hash_of(struct bytes name)
{
    return (uint32_t)hash_bytes(name.data, name.len);
}

/* The first slot of the search for a hash. */
static uint32_t home_of(uint32_t hash, uint32_t slot_count)
{
    return (uint32_t)((uint64_t)hash * slot_count >> 32);
}

static uint32_t next_slot(uint32_t slot, uint32_t slot_count)
{
    return slot + 1 == slot_count ? 0 : slot + 1;
}

static void take_slot(struct name_table *table, uint32_t hash, uint32_t place)
{
    uint32_t count = slots_for(table->limit);
    uint32_t *slots = slots_of(table);
    uint32_t slot = home_of(hash, count);
    while (slots[slot])
        slot = next_slot(slot, count);
    slots[slot] = place + 1;
}

static void append(struct name_table *table, char *name, uint32_t hash)
{
    uint32_t place = table->used++;
    table->names[place] = name;
    hashes_of(table)[place] = hash;
    take_slot(table, hash, place);
    table->count++;
}

static void build(struct name_table *table, uint32_t limit)
{
    size_t bytes = limit * (sizeof *table->names + sizeof *hashes_of(table)) +
                   slots_for(limit) * sizeof *slots_of(table);
    struct name_table old = *table;
    *table = (struct name_table){.names = memory_new(1, bytes), .limit = limit};
    for (uint32_t i = 0; i < old.used; i++)
        if (old.names[i])
            append(table, old.names[i], hashes_of(&old)[i]);
    free(old.names);
}

char *name_table_find(const struct name_table *table, struct bytes name)
{
    if (!table->count)
        return NULL;
    uint32_t hash = hash_of(name);
    uint32_t count = slots_for(table->limit);
    const uint32_t *hashes = hashes_of(table);
    const uint32_t *slots = slots_of(table);
    uint32_t slot = home_of(hash, count);
    for (; slots[slot]; slot = next_slot(slot, count)) {
        uint32_t place = slots[slot] - 1;
        char *found = table->names[place];
        if (hashes[place] == hash && bytes_equal(bytes_of(found), name))
            return found;
    }
    return NULL;
}

void name_table_add(struct name_table *table, char *name)
{
    if (table->used == table->limit)
        build(table, LIMIT_MIN + table->count + table->count / 2);
    append(table, name, hash_of(bytes_of(name)));
}

static uint32_t slot_of(const struct name_table *table, const char *name)
{
    uint32_t count = slots_for(table->limit);
    const uint32_t *slots = slots_of(table);
    uint32_t slot = home_of(hash_of(bytes_of(name)), count);
    for (;; slot = next_slot(slot, count)) {
        PANIC_IF(!slots[slot]);
        if (table->names[slots[slot] - 1] == name)
            return slot;
    }
}

/* Frees a slot: names after it whose search passes it move up. */
static void free_slot(struct name_table *table, uint32_t gap)
{
    uint32_t count = slots_for(table->limit);
    const uint32_t *hashes = hashes_of(table);
    uint32_t *slots = slots_of(table);
    uint32_t slot = next_slot(gap, count);
    for (; slots[slot]; slot = next_slot(slot, count)) {
        uint32_t home = home_of(hashes[slots[slot] - 1], count);
        uint32_t from_home = (slot + count - home) % count;
        uint32_t from_gap = (slot + count - gap) % count;
        if (from_home < from_gap)
            continue;
        slots[gap] = slots[slot];
        gap = slot;
    }
    slots[gap] = 0;
}

void name_table_remove(struct name_table *table, const char *name)
{
    uint32_t slot = slot_of(table, name);
    uint32_t place = slots_of(table)[slot] - 1;
    free_slot(table, slot);
    table->names[place] = NULL;
    if (--table->count)
        return;
    free(table->names);
    *table = (struct name_table){0};
}

char *name_table_next(const struct name_table *table, uint32_t *at)
{
    while (*at < table->used) {
        char *name = table->names[(*at)++];
        if (name)
            return name;
    }
    return NULL;
}

char *name_table_next_of(const struct name_table *table, uint32_t *at,
                         uint32_t first, uint32_t last)
{
    while (*at < table->used) {
        uint32_t place = (*at)++;
        uint32_t hash = hashes_of(table)[place];
        if (table->names[place] && hash >= first && hash <= last)
            return table->names[place];
    }
    return NULL;
}
