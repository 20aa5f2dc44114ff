/* bench_meter: the counters of a worker.
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

/* Each counter: its field and its description in the reports. */
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

/* The counters of one worker, written only by it. */
struct bench_counts {
    BENCH_COUNTERS(BENCH_COUNTER_FIELD)
};

/* The sum over all workers at one moment. */
struct bench_totals {
    BENCH_COUNTERS(BENCH_TOTAL_FIELD)
};

/* Adds the current counters of one worker. */
void bench_totals_add(struct bench_totals *self,
                      const struct bench_counts *counts);

/* The difference between two moments. */
struct bench_totals bench_totals_between(const struct bench_totals *from,
                                         const struct bench_totals *to);

/* Compiles to a plain addition, because there is only one writer. */
static inline void bench_count(_Atomic uint64_t *counter, uint64_t more)
{
    uint64_t old = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, old + more, memory_order_relaxed);
}

#endif
