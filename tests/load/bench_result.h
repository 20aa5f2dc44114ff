/* bench_result: what a run found: figures, checks and the verdict.
 *
 * Owner:   main; the samples stay the run's.
 * Thread:  main, after the workers are joined.
 * Limits:  none.
 * Failure: bench_result_verdict says what was wrong, NULL for nothing.
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
    uint64_t memory_with_one, memory_open; /* bytes, the server's */
    struct bench_usage open_server;        /* CPU while opening */

    /* the measured span */
    double seconds;
    struct bench_totals span;
    struct bench_usage server;
    struct bench_usage self;
    double busiest; /* CPU share of the busiest worker, 1 is all of it */
    uint32_t samples;
    bool stalled;
    bool interrupted;

    /* the whole run */
    struct bench_totals all;
    struct bench_tally tally;
    struct histogram latency, handshake, lateness;
};

/* How often the scenario's operation happened in a span. */
uint64_t bench_result_operations(const struct bench_run *run,
                                 const struct bench_totals *totals);

/* Of the deliveries that messages sent within the span should make, the
 * share made within it: 1 is all. Negative where nothing is claimed. */
double bench_result_coverage(const struct bench_result *self);

/* KB that the server grew by for each connection; 0 when it is not known, as
 * on a server that had memory to spare. */
double bench_result_memory_each(const struct bench_run *run,
                                const struct bench_result *self);

/* What failed a check, written to `out`; NULL when nothing did. */
const char *bench_result_verdict(const struct bench_run *run,
                                 const struct bench_result *self, char *out,
                                 size_t room);

/* True when others had the cores for part of the time: worth a repetition,
 * which a generator at its own limit is not. */
bool bench_result_was_shared(const struct bench_run *run,
                             const struct bench_result *self);

/* What makes the figures doubtful: the generator at its limit, a shared
 * core. NULL for nothing. */
const char *bench_result_doubt(const struct bench_run *run,
                               const struct bench_result *self, char *out,
                               size_t room);

#endif
