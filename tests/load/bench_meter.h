/* bench_meter: what a worker counts while it runs.
 *
 * Owner:   embedded in each worker.
 * Thread:  one writer; others may read the counters at any time.
 * Limits:  64 bits.
 * Failure: none.
 */
#ifndef PEAL_BENCH_METER_H
#define PEAL_BENCH_METER_H

#include <stdatomic.h>
#include <stdint.h>

/* Every counter: its field and what the reports say about it. */
#define BENCH_COUNTERS(X)                                                      \
    X(begun, "handshakes begun")                                               \
    X(ready, "handshakes completed")                                           \
    X(failed, "handshakes failed")                                             \
    X(timeouts, "of these, without an answer in time")                         \
    X(closed, "connections closed")                                            \
    X(unexpected, "connections closed by the server unasked")                  \
    X(published, "messages sent")                                              \
    X(expected, "deliveries these should make")                                \
    X(arrived, "deliveries made, each once")                                   \
    X(claimed, "deliveries that messages of the measured span should make")    \
    X(covered, "of these, made within the span")                               \
    X(receipts, "receipts of publishers")                                      \
    X(foreign, "messages of another generator")                                \
    X(others, "other texts")                                                   \
    X(refusals, "texts that say an error")                                     \
    X(bytes_in, "bytes received")                                              \
    X(bytes_out, "bytes sent")

#define BENCH_COUNTER_FIELD(name, help) _Atomic uint64_t name;
#define BENCH_TOTAL_FIELD(name, help)   uint64_t name;

/* One worker's; only that worker writes. */
struct bench_counts {
    BENCH_COUNTERS(BENCH_COUNTER_FIELD)
};

/* A sum over workers at one moment. */
struct bench_totals {
    BENCH_COUNTERS(BENCH_TOTAL_FIELD)
};

/* Adds what one worker has counted so far. */
void bench_totals_add(struct bench_totals *self,
                      const struct bench_counts *counts);

/* What was counted between two moments. */
struct bench_totals bench_totals_between(const struct bench_totals *from,
                                         const struct bench_totals *to);

/* A plain addition to the machine, since there is only one writer. */
static inline void bench_count(_Atomic uint64_t *counter, uint64_t more)
{
    uint64_t old = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, old + more, memory_order_relaxed);
}

#endif
