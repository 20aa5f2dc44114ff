/* token_bucket: a rate limit that allows a burst of one second.
 *
 * Owner:   embedded in the limited object.
 * Thread:  one at a time.
 * Limits:  rate 0 means no limit; the burst is one second's worth, at least
 *          one.
 * Failure: none.
 */
#ifndef PEAL_BASE_TOKEN_BUCKET_H
#define PEAL_BASE_TOKEN_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/* A zeroed struct is a bucket that is filled at its first use. It is small
 * because each connection has one. */
struct token_bucket {
    uint32_t filled_ms; /* when millitokens was computed; wraps around */
    uint32_t millitokens;
};

/* The current level, in thousandths of a token. */
static inline uint64_t token_bucket_level(const struct token_bucket *bucket,
                                          uint32_t rate, uint64_t now_ms)
{
    uint64_t full = (uint64_t)rate * 1000;
    enum { BACK_MS = 60000 };
    bool is_new = !bucket->filled_ms && !bucket->millitokens;
    uint32_t elapsed = (uint32_t)now_ms - bucket->filled_ms;
    if (elapsed > UINT32_MAX - BACK_MS)
        elapsed = 0; /* threads may arrive in a different order than their clock
                        readings */
    uint64_t gained =
        is_new || elapsed >= 1000 ? full : (uint64_t)elapsed * rate;
    uint64_t filled = bucket->millitokens + gained;
    if (filled > full)
        filled = full;
    if (filled > UINT32_MAX)
        filled = UINT32_MAX;
    return filled;
}

/* Whether a token is available. */
static inline bool token_bucket_has(const struct token_bucket *bucket,
                                    uint32_t rate, uint64_t now_ms)
{
    return !rate || token_bucket_level(bucket, rate, now_ms) >= 1000;
}

/* Takes one token; false if there is none. */
static inline bool token_bucket_take(struct token_bucket *bucket, uint32_t rate,
                                     uint64_t now_ms)
{
    if (!rate)
        return true;
    uint64_t filled = token_bucket_level(bucket, rate, now_ms);
    bool has_token = filled >= 1000;
    bucket->millitokens = (uint32_t)(has_token ? filled - 1000 : filled);
    bucket->filled_ms = (uint32_t)now_ms;
    if (!bucket->filled_ms) /* 0 would mean a new one */
        bucket->filled_ms--;
    return has_token;
}

#endif
