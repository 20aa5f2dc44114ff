/* name_table: a hash of names in few bytes, in the order they were added.
 *
 * For tables with an entry a connection, where uthash's handle of 56 bytes
 * would outweigh the entry. The name is a member of what is looked up: the
 * caller goes from one to the other (NAME_TABLE_ENTRY). Probing is linear over
 * the seeded hash of hash.h: names cannot be chosen to collide.
 *
 * Owner:   names are borrowed, and must neither move nor change while they are
 *          in the table; it owns its arrays, which it frees when it is empty.
 * Thread:  under the lock of whoever owns it.
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
    uint32_t used;  /* of `names`, with what was removed */
    uint32_t limit; /* of `used`: then the table is built anew */
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

/* Takes out a name that is in the table, by the pointer that was added. */
void name_table_remove(struct name_table *table, const char *name);

/* The same of names whose hash is from `first` up to `last`: a share of the
 * table that stays the same whatever is added, removed or moved. */
char *name_table_next_of(const struct name_table *table, uint32_t *at,
                         uint32_t first, uint32_t last);

/* The next name from `*at` on, which begins with 0; NULL after the last. The
 * name given last may be removed meanwhile, and no name added. */
char *name_table_next(const struct name_table *table, uint32_t *at);

#endif
