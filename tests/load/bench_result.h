/* bench_result: the result of a run: figures, checks and the verdict.
 *
 * Owner:   main; the samples belong to the run.
 * Thread:  main, after the workers are joined.
 * Limits:  none.
 * Failure: bench_result_verdict describes it, NULL for none.
 */
#ifndef PEAL_BENCH_RESULT_H
#define PEAL_BENCH_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "bench_run.h"
#include "bench_seen.h"

struct bench_result {
    /* opening */
    uint64_t opened;
    double open_seconds;
    uint64_t memory_with_one, memory_open; /* memory of the server, in bytes */
    struct bench_usage open_server;        /* CPU while opening */

    /* the measured span */
    double seconds;
    struct bench_totals span;
    struct bench_usage server;
    struct bench_usage self;
    double busiest; /* CPU share of the busiest worker; 1 is a full core */
    uint32_t samples;
    bool stalled;
    bool interrupted;

    /* the whole run */
    struct bench_totals all;
    struct bench_tally tally;
    struct histogram latency, handshake, lateness;
};

/* The number of the scenario's operations in a span. */
uint64_t bench_result_operations(const struct bench_run *run,
                                 const struct bench_totals *totals);

/* The share of the deliveries due for messages sent within the span that was
 * made within it: 1 is all. Negative if there are none. */
double bench_result_coverage(const struct bench_result *self);

/* The server's memory growth per connection in KB; 0 if unknown, for example if
 * the server had free memory to reuse. */
double bench_result_memory_each(const struct bench_run *run,
                                const struct bench_result *self);

/* Describes the failed checks in `out`; NULL if there are none. */
const char *bench_result_verdict(const struct bench_run *run,
                                 const struct bench_result *self, char *out,
                                 size_t room);

/* True if other processes used the cores for part of the time. Repeating the
 * run may help then, but not if the generator is at its limit. */
bool bench_result_was_shared(const struct bench_run *run,
                             const struct bench_result *self);

/* Describes why the figures are doubtful: the generator at its limit, a shared
 * core. NULL if they are not. */
const char *bench_result_doubt(const struct bench_run *run,
                               const struct bench_result *self, char *out,
                               size_t room);

#endif
