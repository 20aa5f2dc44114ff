#include "base/backoff.h"

#include "base/random.h"

uint32_t backoff_next_ms(struct backoff *backoff)
{
    enum { DOUBLINGS_MAX = 16 };
    uint32_t doublings = backoff->attempts++;
    if (doublings > DOUBLINGS_MAX)
        doublings = DOUBLINGS_MAX;
    uint64_t wait = (uint64_t)backoff->base_ms << doublings;
    if (wait > backoff->max_ms)
        wait = backoff->max_ms;
    return (uint32_t)(wait / 2 + random_uint64() % (wait / 2 + 1));
}
