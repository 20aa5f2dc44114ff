#include "messaging/distribution.h"

enum { BOUNDS = DISTRIBUTION_RANGES - 1 };

#define US UINT64_C(1000)
#define MS UINT64_C(1000000)
#define S  UINT64_C(1000000000)
#define KB UINT64_C(1024)

/* The inclusive upper bounds of the ranges; the last has none. */
static const uint64_t bounds[][BOUNDS] = {
    [UNIT_SECONDS] = {25 * US, 50 * US, 100 * US, 250 * US, 500 * US, MS,
                      2500 * US, 5 * MS, 10 * MS, 25 * MS, 100 * MS, 250 * MS,
                      S, 2500 * MS, 10 * S},
    [UNIT_BYTES] = {256, KB, 4 * KB, 8 * KB, 16 * KB, 32 * KB, 64 * KB,
                    128 * KB, 256 * KB, 512 * KB, 1024 * KB, 2048 * KB,
                    4096 * KB, 16384 * KB, 65536 * KB},
};

static void add_to(_Atomic uint64_t *cell, uint64_t by)
{
    uint64_t now = atomic_load_explicit(cell, memory_order_relaxed);
    atomic_store_explicit(cell, now + by, memory_order_relaxed);
}

void distribution_add(struct distribution *distribution,
                      enum distribution_unit unit, uint64_t value)
{
    size_t range = 0;
    while (range < BOUNDS && value > bounds[unit][range])
        range++;
    add_to(&distribution->counts[range], 1);
    add_to(&distribution->sum, value);
}

static uint64_t read_from(const _Atomic uint64_t *cell)
{
    return atomic_load_explicit(cell, memory_order_relaxed);
}

void distribution_merge(struct distribution *distribution,
                        const struct distribution *other)
{
    for (size_t range = 0; range < DISTRIBUTION_RANGES; range++)
        add_to(&distribution->counts[range], read_from(&other->counts[range]));
    add_to(&distribution->sum, read_from(&other->sum));
}

/* Nine decimals without trailing zeros. */
static void append_value(struct buffer *out, enum distribution_unit unit,
                         uint64_t value)
{
    buffer_append_uint(out, unit == UNIT_SECONDS ? value / S : value);
    if (unit != UNIT_SECONDS || value % S == 0)
        return;
    buffer_append_format(out, ".%09llu", (unsigned long long)(value % S));
    while (out->data[out->len - 1] == '0')
        out->len--;
}

void distribution_write(const struct distribution *distribution,
                        const char *name, enum distribution_unit unit,
                        struct buffer *out)
{
    uint64_t count = 0;
    for (size_t range = 0; range < DISTRIBUTION_RANGES; range++) {
        count += read_from(&distribution->counts[range]);
        buffer_append_format(out, "peal_%s_bucket{le=\"", name);
        if (range < BOUNDS)
            append_value(out, unit, bounds[unit][range]);
        else
            buffer_append_text(out, "+Inf");
        buffer_append_format(out, "\"} %llu\n", (unsigned long long)count);
    }
    buffer_append_format(out, "peal_%s_sum ", name);
    append_value(out, unit, read_from(&distribution->sum));
    buffer_append_format(out, "\npeal_%s_count %llu\n", name,
                         (unsigned long long)count);
}
