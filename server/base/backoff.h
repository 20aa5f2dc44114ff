/* backoff: how long to wait before trying again: doubled each time, with
 * jitter, so that many who lost the same thing do not come back as one.
 *
 * Owner:   embedded in what retries.
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

/* Between half of the doubled time and all of it. */
uint32_t backoff_next_ms(struct backoff *backoff);

/* It worked: start again from the base. */
static inline void backoff_reset(struct backoff *backoff)
{
    backoff->attempts = 0;
}

#endif
