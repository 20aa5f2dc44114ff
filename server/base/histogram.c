/* The layout of HDR histograms: linear buckets within each doubling. Recording
 * is a shift and an addition, merging is an addition of arrays, and no value is
 * ever stored. */
#include "histogram.h"

#include <math.h>
#include <string.h>

void histogram_init(struct histogram *self)
{
    memset(self, 0, sizeof *self);
    self->min = UINT64_MAX;
}

void histogram_merge(struct histogram *self, const struct histogram *other)
{
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        self->buckets[i] += other->buckets[i];
    self->count += other->count;
    self->sum += other->sum;
    if (other->min < self->min)
        self->min = other->min;
    if (other->max > self->max)
        self->max = other->max;
}

uint64_t histogram_bucket_top(size_t bucket)
{
    if (bucket < 2 * HISTOGRAM_SUB)
        return bucket;

    size_t shift = bucket / HISTOGRAM_SUB - 1;
    uint64_t mantissa = bucket - shift * HISTOGRAM_SUB;
    return ((mantissa + 1) << shift) - 1;
}

static uint64_t rank_of(const struct histogram *self, double percent)
{
    /* Slightly less, so that 99.9 % of 10,000 is 9,990, not the next one. */
    double exact = ceil(percent / 100.0 * (double)self->count - 1e-6);

    if (exact < 1)
        return 1;
    return exact > (double)self->count ? self->count : (uint64_t)exact;
}

uint64_t histogram_percentile(const struct histogram *self, double percent)
{
    if (!self->count)
        return 0;

    uint64_t rank = rank_of(self, percent);
    uint64_t passed = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        passed += self->buckets[i];
        if (passed < rank)
            continue;
        uint64_t top = histogram_bucket_top(i);
        return top < self->max ? top : self->max;
    }
    return self->max;
}

double histogram_mean(const struct histogram *self)
{
    return self->count ? (double)self->sum / (double)self->count : 0;
}
