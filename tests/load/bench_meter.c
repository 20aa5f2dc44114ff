/* Generated from the list of counters in the header. */
#include "bench_meter.h"

void bench_totals_add(struct bench_totals *self,
                      const struct bench_counts *counts)
{
#define ADD(name, help)                                                        \
    self->name += atomic_load_explicit(&counts->name, memory_order_relaxed);
    BENCH_COUNTERS(ADD)
#undef ADD
}

struct bench_totals bench_totals_between(const struct bench_totals *from,
                                         const struct bench_totals *to)
{
    struct bench_totals between;

#define TAKE(name, help) between.name = to->name - from->name;
    BENCH_COUNTERS(TAKE)
#undef TAKE
    return between;
}
