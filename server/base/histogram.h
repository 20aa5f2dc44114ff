/* histogram: durations in log-linear buckets, for percentiles.
 *
 * Owner:   the embedding struct; it has no memory of its own.
 * Thread:  one writer; merge under a lock of the caller's own.
 * Limits:  0 to 2^42 ns (73 minutes), larger values count as that; 0.8 %
 *          precision.
 * Failure: none; an empty histogram returns 0 for every query.
 */
#ifndef PEAL_HISTOGRAM_H
#define PEAL_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum {
    HISTOGRAM_SUB_BITS = 7, /* 128 buckets per doubling of the value */
    HISTOGRAM_SUB = 1 << HISTOGRAM_SUB_BITS,
    HISTOGRAM_MAX_BITS = 42,
    HISTOGRAM_BUCKETS =
        (HISTOGRAM_MAX_BITS - HISTOGRAM_SUB_BITS + 1) * HISTOGRAM_SUB,
};

struct histogram {
    uint64_t count;
    uint64_t sum;
    uint64_t min;
    uint64_t max;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

/* Clears or initializes a histogram. */
void histogram_init(struct histogram *self);

/* Adds all of `other`, which is unchanged. */
void histogram_merge(struct histogram *self, const struct histogram *other);

/* The smallest value that `percent` (0 to 100) of all values do not exceed,
 * to the bucket's upper edge, never beyond the largest value seen. */
uint64_t histogram_percentile(const struct histogram *self, double percent);

/* Exact: computed from the values, not the buckets. */
double histogram_mean(const struct histogram *self);

/* The largest value of this bucket, for plotting. */
uint64_t histogram_bucket_top(size_t bucket);

/* Which bucket a value falls into. Below 128 each value has its own; above,
 * the top eight bits of the value choose, so the error stays below 1/128. */
static inline size_t histogram_bucket_of(uint64_t value)
{
    if (value >> HISTOGRAM_MAX_BITS)
        return HISTOGRAM_BUCKETS - 1;
    if (value < HISTOGRAM_SUB)
        return (size_t)value;

    int shift = 63 - __builtin_clzll(value) - HISTOGRAM_SUB_BITS;
    return (size_t)shift * HISTOGRAM_SUB + (size_t)(value >> shift);
}

/* Inline: it runs once for each message of a load test. */
static inline void histogram_record(struct histogram *self, uint64_t value)
{
    self->buckets[histogram_bucket_of(value)]++;
    self->count++;
    self->sum += value;
    if (value < self->min)
        self->min = value;
    if (value > self->max)
        self->max = value;
}

#endif
