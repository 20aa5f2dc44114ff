#include "accounts/attempts.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"

enum { PLACES = 65536, MINUTE_MS = 60000 };

/* Used attempts, in milliseconds until they are refilled. */
struct place {
    uint64_t used_ms;
    uint64_t seen_ms;
};

struct attempts {
    uint32_t per_minute;
    pthread_mutex_t lock;
    struct place places[PLACES];
};

struct attempts *attempts_new(uint32_t per_minute)
{
    struct attempts *attempts = memory_new(1, sizeof *attempts);
    attempts->per_minute = per_minute;
    pthread_mutex_init(&attempts->lock, NULL);
    return attempts;
}

void attempts_free(struct attempts *attempts)
{
    if (!attempts)
        return;
    pthread_mutex_destroy(&attempts->lock);
    free(attempts);
}

static struct place *place_of(struct attempts *attempts, struct bytes who)
{
    return &attempts->places[hash_bytes(who.data, who.len) % PLACES];
}

bool attempts_take(struct attempts *attempts, struct bytes who, uint64_t now_ms)
{
    uint64_t each_ms = MINUTE_MS / attempts->per_minute;
    struct place *place = place_of(attempts, who);
    pthread_mutex_lock(&attempts->lock);
    uint64_t elapsed = clock_elapsed(now_ms, place->seen_ms);
    place->used_ms = clock_elapsed(place->used_ms, elapsed);
    place->seen_ms = now_ms;
    bool has_one = place->used_ms + each_ms <= MINUTE_MS;
    if (has_one)
        place->used_ms += each_ms;
    pthread_mutex_unlock(&attempts->lock);
    return has_one;
}

void attempts_give_back(struct attempts *attempts, struct bytes who)
{
    uint64_t each_ms = MINUTE_MS / attempts->per_minute;
    struct place *place = place_of(attempts, who);
    pthread_mutex_lock(&attempts->lock);
    place->used_ms = clock_elapsed(place->used_ms, each_ms);
    pthread_mutex_unlock(&attempts->lock);
}
