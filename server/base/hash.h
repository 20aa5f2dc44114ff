/* hash: a seeded hash, and uthash set up to use it.
 *
 * Clients choose channel names and client ids. A secret seed prevents them from
 * choosing names that collide in one bucket.
 *
 * Owner:   nothing is owned.
 * Thread:  hash_seed once, before threads start; hash_bytes from any.
 * Limits:  none.
 * Failure: none. Include this instead of <uthash.h>.
 */
#ifndef PEAL_BASE_HASH_H
#define PEAL_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Chooses the seed of this process. */
void hash_seed(void);

uint64_t hash_bytes(const void *data, size_t len);

/* Unseeded, the same in every process: for comparisons, not for tables. */
uint64_t hash_stable(const void *data, size_t len);

#define HASH_FUNCTION(key, len, value)                                         \
    ((value) = (unsigned)hash_bytes(key, len))
/* small blocks: out of memory ends the process */
#define uthash_malloc(size) memory_new(1, size)

#include <uthash.h>

#include "base/bytes.h"
#include "base/memory.h"

/* ---- entries that hold their own name
 *
 * Such an entry is a struct with a `UT_hash_handle hh` and, as its last member,
 * `char name[]`; `field` below is what that member is called. `text` is a
 * struct bytes, evaluated once. */

/* Sets `entry` to the entry of that name, or to NULL. */
#define HASH_FIND_NAMED(head, text, entry)                                     \
    do {                                                                       \
        const struct bytes hash_text = (text);                                 \
        HASH_FIND(hh, head, hash_text.data, hash_text.len, entry);             \
    } while (0)

/* Sets `entry` to a new entry in the hash, zeroed except for its name, which
 * must not exist yet. */
#define HASH_ADD_NAMED(head, field, text, entry)                               \
    do {                                                                       \
        const struct bytes hash_text = (text);                                 \
        (entry) = memory_new(1, sizeof *(entry) + hash_text.len + 1);          \
        memcpy((entry)->field, hash_text.data, hash_text.len);                 \
        HASH_ADD_KEYPTR(hh, head, (entry)->field, hash_text.len, entry);       \
    } while (0)

/* Sets `entry` to the entry of that name, creating it if missing. */
#define HASH_FIND_OR_ADD_NAMED(head, field, text, entry)                       \
    do {                                                                       \
        const struct bytes hash_name = (text);                                 \
        HASH_FIND_NAMED(head, hash_name, entry);                               \
        if (!(entry))                                                          \
            HASH_ADD_NAMED(head, field, hash_name, entry);                     \
    } while (0)

#endif
