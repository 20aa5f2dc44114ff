/* shards: locks for a table shared by many threads, split by entry name, so
 * that two names rarely contend for one lock.
 *
 * Owner:   the table, which has an array of SHARDS parts next to the locks.
 * Thread:  any, after shards_init.
 * Limits:  SHARDS parts.
 * Failure: none.
 */
#ifndef PEAL_BASE_SHARDS_H
#define PEAL_BASE_SHARDS_H

#include <pthread.h>

#include "base/bytes.h"

enum { SHARDS = 64 };

struct shards {
    pthread_mutex_t locks[SHARDS];
};

void shards_init(struct shards *shards);

/* Call while no lock is held. */
void shards_deinit(struct shards *shards);

/* Locks the part of a name; returns its index. */
unsigned shards_lock(struct shards *shards, struct bytes name);

/* The same for a part by its index. */
void shards_lock_part(struct shards *shards, unsigned part);

void shards_unlock(struct shards *shards, unsigned part);

#endif
