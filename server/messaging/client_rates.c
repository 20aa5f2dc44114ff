#include "messaging/client_rates.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/token_bucket.h"

enum { SETS = 2048, FULL_MS = 1000 };

struct place {
    uint64_t client; /* a hash of its id */
    uint64_t taken_ms;
    struct token_bucket bucket;
};

struct client_rates {
    pthread_mutex_t lock;
    struct place places[SETS][CLIENT_RATES_WAYS];
};

struct client_rates *client_rates_new(void)
{
    struct client_rates *rates = memory_new(1, sizeof *rates);
    pthread_mutex_init(&rates->lock, NULL);
    return rates;
}

void client_rates_free(struct client_rates *rates)
{
    if (!rates)
        return;
    pthread_mutex_destroy(&rates->lock);
    free(rates);
}

/* The client's place, or the least recently used one. */
static struct place *choose(struct place *set, uint64_t client)
{
    struct place *oldest = &set[0];
    for (size_t i = 0; i < CLIENT_RATES_WAYS; i++) {
        if (set[i].client == client)
            return &set[i];
        if (set[i].taken_ms < oldest->taken_ms)
            oldest = &set[i];
    }
    return oldest;
}

static bool take(struct place *place, uint64_t client, uint32_t rate,
                 uint64_t now_ms)
{
    bool is_free = place->taken_ms + FULL_MS <= now_ms || !place->taken_ms;
    if (place->client != client && is_free) {
        place->client = client;
        place->bucket = (struct token_bucket){0};
    }
    place->taken_ms = now_ms;
    return token_bucket_take(&place->bucket, rate, now_ms);
}

bool client_rates_take(struct client_rates *rates, struct bytes client,
                       uint32_t rate, uint64_t now_ms)
{
    uint64_t hash = hash_bytes(client.data, client.len);
    if (!rate)
        return true;
    pthread_mutex_lock(&rates->lock);
    bool taken =
        take(choose(rates->places[hash % SETS], hash), hash, rate, now_ms);
    pthread_mutex_unlock(&rates->lock);
    return taken;
}
