#include "messaging/refusals.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/token_bucket.h"
#include "messaging/worker.h"

enum { PLACES = 4096 };

struct refusals {
    pthread_mutex_t lock;
    struct token_bucket places[REFUSER_COUNT][PLACES];
};

struct refusals *refusals_new(void)
{
    struct refusals *refusals = memory_new(1, sizeof *refusals);
    pthread_mutex_init(&refusals->lock, NULL);
    return refusals;
}

void refusals_free(struct refusals *refusals)
{
    pthread_mutex_destroy(&refusals->lock);
    free(refusals);
}

/* The owner of an IPv6 address usually has its whole network. */
static struct token_bucket *place_of(struct refusals *refusals,
                                     enum refuser refuser,
                                     const struct ip_address *address)
{
    static const unsigned char ipv4[12] = {[10] = 0xff, [11] = 0xff};
    bool is_ipv4 = memcmp(address->bytes, ipv4, sizeof ipv4) == 0;
    uint64_t hash = hash_bytes(address->bytes, is_ipv4 ? 16 : 8);
    return &refusals->places[refuser][hash % PLACES];
}

bool refusals_are_few(const struct instance *instance, enum refuser refuser,
                      const struct ip_address *address)
{
    struct refusals *refusals = instance->refusals;
    uint32_t rate = instance->options->limits.refusals_per_second;
    if (!rate)
        return true;
    pthread_mutex_lock(&refusals->lock);
    bool are_few = token_bucket_has(place_of(refusals, refuser, address), rate,
                                    clock_steady_ms());
    pthread_mutex_unlock(&refusals->lock);
    return are_few;
}

bool refusals_take(const struct instance *instance, enum refuser refuser,
                   const struct ip_address *address)
{
    struct refusals *refusals = instance->refusals;
    uint32_t rate = instance->options->limits.refusals_per_second;
    pthread_mutex_lock(&refusals->lock);
    bool taken = token_bucket_take(place_of(refusals, refuser, address), rate,
                                   clock_steady_ms());
    pthread_mutex_unlock(&refusals->lock);
    return taken;
}
