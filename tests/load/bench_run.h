/* bench_run: one run of one scenario: what all threads share.
 *
 * Owner:   main; workers borrow it until they are joined.
 * Thread:  by field, as the blocks say.
 * Limits:  BENCH_SAMPLES_MAX samples, BENCH_NOTES_MAX notes.
 * Failure: bench_run_note keeps the first few reasons for the report.
 */
#ifndef PEAL_BENCH_RUN_H
#define PEAL_BENCH_RUN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "../../server/base/histogram.h"
#include "bench_link.h"
#include "bench_meter.h"
#include "bench_options.h"
#include "bench_proc.h"
#include "bench_target.h"

struct scenario;
struct bench_worker;

enum {
    BENCH_SAMPLES_MAX = 1000,
    BENCH_NOTES_MAX = 8,
    BENCH_NOTE_LEN = 160,
};

/* The order is the order in time. */
enum bench_phase {
    BENCH_OPENING,
    BENCH_WARMING,   /* traffic, not measured */
    BENCH_MEASURING, /* traffic */
    BENCH_DRAINING,  /* nothing new; what is under way may arrive */
    BENCH_CLOSING,
    BENCH_DONE,
};

/* One point of the plots. */
struct bench_sample {
    double at; /* seconds since the measured span began */
    double seconds;
    uint64_t operations;
    struct bench_usage server;
    struct histogram latency; /* under the run's lock */
};

/* One row of the shootout. */
struct bench_round {
    uint32_t clients;
    uint64_t p50, p95, max; /* ns */
};

struct bench_run {
    /* set once, before the threads start */
    struct bench_options options;
    struct bench_target targets[BENCH_LIST_MAX];
    uint32_t target_count;
    const struct scenario *scenario;
    struct bench_link *links;
    uint32_t link_count;
    struct bench_worker *workers;
    uint32_t worker_count;
    void *shared; /* the scenario's own */
    struct bench_tls_context *tls;

    /* written by main, read by workers */
    _Atomic int phase;
    _Atomic uint32_t want_open; /* links below this number are opened */
    _Atomic uint32_t opening;   /* handshakes under way at once */
    _Atomic uint32_t sample;    /* the one that workers record into */

    /* any thread, under lock */
    pthread_mutex_t lock;
    struct bench_sample *samples[BENCH_SAMPLES_MAX + 1];
    char notes[BENCH_NOTES_MAX][BENCH_NOTE_LEN];
    int note_count;
    struct bench_round rounds[BENCH_SAMPLES_MAX];
    int round_count;
};

/* Makes links and workers; false and a message when that fails. */
bool bench_run_init(struct bench_run *self, const struct bench_options *options,
                    const struct scenario *scenario);

/* Frees what init made, also when that failed half-way. */
void bench_run_deinit(struct bench_run *self);

/* Keeps a reason for the report, once; further ones of a kind are dropped. */
__attribute__((format(printf, 2, 3))) void
bench_run_note(struct bench_run *self, const char *format, ...);

/* The sum of all workers' counters at this moment. */
struct bench_totals bench_run_totals(const struct bench_run *self);

static inline enum bench_phase bench_run_phase(const struct bench_run *self)
{
    return atomic_load_explicit(&self->phase, memory_order_acquire);
}

static inline uint64_t bench_now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

#endif
