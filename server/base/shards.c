#include "base/shards.h"

#include "base/hash.h"

void shards_init(struct shards *shards)
{
    for (unsigned i = 0; i < SHARDS; i++)
        pthread_mutex_init(&shards->locks[i], NULL);
}

void shards_deinit(struct shards *shards)
{
    for (unsigned i = 0; i < SHARDS; i++)
        pthread_mutex_destroy(&shards->locks[i]);
}

/* The upper bits: the lower ones choose the bucket within a part. */
unsigned shards_lock(struct shards *shards, struct bytes name)
{
    unsigned part = hash_bytes(name.data, name.len) >> 32 & (SHARDS - 1);
    shards_lock_part(shards, part);
    return part;
}

void shards_lock_part(struct shards *shards, unsigned part)
{
    pthread_mutex_lock(&shards->locks[part]);
}

void shards_unlock(struct shards *shards, unsigned part)
{
    pthread_mutex_unlock(&shards->locks[part]);
}
