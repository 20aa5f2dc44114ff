/* backoff: delay before a retry: doubled each time, with jitter, so that
 * clients of a failed service do not retry simultaneously.
 *
 * Owner:   embedded in the retrying object.
 * Thread:  one at a time.
 * Limits:  from `base_ms` up to `max_ms`.
 * Failure: none.
 */
#ifndef PEAL_BASE_BACKOFF_H
#define PEAL_BASE_BACKOFF_H

#include <stdint.h>

struct backoff {
    uint32_t base_ms;
    uint32_t max_ms;
    uint32_t attempts;
};

/* The next delay: between half of the doubled time and all of it. */
uint32_t backoff_next_ms(struct backoff *backoff);

/* Resets the delay after a success. */
static inline void backoff_reset(struct backoff *backoff)
{
    backoff->attempts = 0;
}

#endif
