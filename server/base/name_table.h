/* name_table: a compact hash table of names, in insertion order.
 *
 * For tables with an entry per connection, where uthash's handle of 56 bytes
 * would exceed the entry. The name is a member of the entry; NAME_TABLE_ENTRY
 * converts between them. Linear probing with the seeded hash of hash.h, so
 * names cannot be chosen to collide.
 *
 * Owner:   names are borrowed, and must neither move nor change while in the
 *          table; the table owns its arrays and frees them when it is empty.
 * Thread:  under the owner's lock.
 * Limits:  2^31 names.
 * Failure: none.
 */
#ifndef PEAL_BASE_NAME_TABLE_H
#define PEAL_BASE_NAME_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* A zeroed struct is empty. */
struct name_table {
    char **names;   /* in order; NULL where one was removed */
    uint32_t count; /* of names */
    uint32_t used;  /* of `names`, including removed ones */
    uint32_t limit; /* of `used`: then the table is rebuilt */
};

/* The entry, a `type`, whose `member` is that name; NULL for NULL. */
#define NAME_TABLE_ENTRY(name, type, member)                                   \
    ((type *)name_table_entry(name, offsetof(type, member)))

static inline void *name_table_entry(char *name, size_t offset)
{
    return name ? name - offset : NULL;
}

/* The table's pointer to that name, or NULL. */
char *name_table_find(const struct name_table *table, struct bytes name);

/* Adds a zero-terminated name, which must not be in the table. */
void name_table_add(struct name_table *table, char *name);

/* Removes a name by the pointer that was added; it must be in the table. */
void name_table_remove(struct name_table *table, const char *name);

/* Iterates over names whose hash is from `first` up to `last`: a share of the
 * table that is independent of additions and removals. */
char *name_table_next_of(const struct name_table *table, uint32_t *at,
                         uint32_t first, uint32_t last);

/* The next name from `*at` on, which starts at 0; NULL after the last. During
 * iteration, the last returned name may be removed, and no name added. */
char *name_table_next(const struct name_table *table, uint32_t *at);

#endif
