/* token_bucket: a rate limit that allows a burst of one second.
 *
 * Owner:   embedded in what it limits.
 * Thread:  one at a time.
 * Limits:  rate 0 means no limit; the burst is one second's worth, and at
 *          least one.
 * Failure: none.
 */
#ifndef PEAL_BASE_TOKEN_BUCKET_H
#define PEAL_BASE_TOKEN_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/* A zeroed struct is a bucket that fills at its first use. */
struct token_bucket {
    uint64_t filled_ms; /* when millitokens was right */
    uint64_t millitokens;
};

/* Takes one token; false when there is none. `now_ms` never goes back. */
static inline bool token_bucket_take(struct token_bucket *bucket, uint32_t rate,
                                     uint64_t now_ms)
{
    if (!rate)
        return true;
    uint64_t full = (uint64_t)rate * 1000;
    uint64_t elapsed = now_ms - bucket->filled_ms;
    uint64_t gained = elapsed >= 1000 ? full : elapsed * rate;
    uint64_t filled = bucket->millitokens + gained;
    bucket->millitokens = filled < full ? filled : full;
    bucket->filled_ms = now_ms;
    if (bucket->millitokens < 1000)
        return false;
    bucket->millitokens -= 1000;
    return true;
}

#endif
