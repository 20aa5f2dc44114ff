#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/random.h"

static uint64_t seed;

void hash_seed(void)
{
    seed = random_uint64();
}

uint64_t hash_bytes(const void *data, size_t len)
{
    return XXH3_64bits_withSeed(data, len, seed);
}

uint64_t hash_stable(const void *data, size_t len)
{
    return XXH3_64bits(data, len);
}
