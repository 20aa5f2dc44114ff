/* hash: a seeded hash, and uthash set up to use it.
 *
 * Clients choose channel names and client ids. A secret seed keeps them from
 * choosing names that fall into one bucket.
 *
 * Owner:   nothing is owned.
 * Thread:  hash_seed once, before threads start; hash_bytes from any.
 * Limits:  none.
 * Failure: none. Include this in place of <uthash.h>.
 */
#ifndef PEAL_BASE_HASH_H
#define PEAL_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Chooses the seed of this process. */
void hash_seed(void);

uint64_t hash_bytes(const void *data, size_t len);

#define HASH_FUNCTION(key, len, value)                                         \
    ((value) = (unsigned)hash_bytes(key, len))
/* small blocks: without memory for them the process ends */
#define uthash_malloc(size) memory_new(1, size)

#include <uthash.h>

#include "base/memory.h"

#endif
