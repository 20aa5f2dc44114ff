#include "accounts/familiar.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"

enum { PLACES = 65536 };

static const uint64_t LASTS_MS = (uint64_t)FAMILIAR_DAYS * 86400000;

struct place {
    uint64_t pair; /* password hash */
    uint64_t seen_ms;
};

struct familiar {
    pthread_mutex_t lock;
    struct place places[PLACES];
};

struct familiar *familiar_new(void)
{
    struct familiar *familiar = memory_new(1, sizeof *familiar);
    pthread_mutex_init(&familiar->lock, NULL);
    return familiar;
}

void familiar_free(struct familiar *familiar)
{
    if (!familiar)
        return;
    pthread_mutex_destroy(&familiar->lock);
    free(familiar);
}

void familiar_note(struct familiar *familiar, struct bytes pair,
                   uint64_t now_ms)
{
    uint64_t hash = hash_bytes(pair.data, pair.len);
    pthread_mutex_lock(&familiar->lock);
    familiar->places[hash % PLACES] = (struct place){hash, now_ms};
    pthread_mutex_unlock(&familiar->lock);
}

bool familiar_has(struct familiar *familiar, struct bytes pair, uint64_t now_ms)
{
    uint64_t hash = hash_bytes(pair.data, pair.len);
    pthread_mutex_lock(&familiar->lock);
    struct place place = familiar->places[hash % PLACES];
    pthread_mutex_unlock(&familiar->lock);
    return place.pair == hash && place.seen_ms &&
           clock_elapsed(now_ms, place.seen_ms) < LASTS_MS;
}
