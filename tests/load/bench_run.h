/* bench_run: one run of a scenario; the state shared by all threads.
 *
 * Owner:   main; workers borrow it until they are joined.
 * Thread:  see the comment of each block of fields.
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
#include "bench_about.h"
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
    BENCH_NOTE_LEN = 240,
    BENCH_ENDS_MAX = 32,
    BENCH_FILES_BESIDES = 256, /* files other than connections */
};

/* In chronological order. */
enum bench_phase {
    BENCH_OPENING,
    BENCH_WARMING,   /* traffic, not measured */
    BENCH_MEASURING, /* traffic */
    BENCH_FINISHING, /* no new messages; the span ends when all have arrived */
    BENCH_DRAINING,  /* not measured; late messages may still arrive */
    BENCH_CLOSING,
    BENCH_DONE,
};

/* Unexpected ends of connections. */
enum bench_end_kind {
    BENCH_REFUSED, /* by HTTP status; 0: invalid response */
    BENCH_CLOSED,  /* by close code; 1006: none */
    BENCH_END_KINDS,
};

struct bench_end {
    int code;
    uint64_t count;
};

/* One point of the plots. */
struct bench_sample {
    double at; /* seconds since the start of the measured span */
    double seconds;
    uint64_t operations;
    struct bench_usage server;
    struct histogram latency; /* under the run's lock */
};

/* One row of the shootout. */
struct bench_round {
    uint32_t clients;
    uint64_t p50, p95, max; /* ns, until the last client received the text */
    uint64_t receipt_p50;   /* ns, until the publisher's receipt; or 0 */
    double by_receipt;      /* share of the deliveries made at the receipt */
};

struct bench_run {
    /* set once, before the threads start */
    uint32_t id; /* random, part of every stamp */
    struct bench_options options;
    struct bench_about about;
    struct bench_target targets[BENCH_LIST_MAX];
    uint32_t target_count;
    const struct scenario *scenario;
    struct bench_link *links;
    uint32_t link_count;
    struct bench_worker *workers;
    uint32_t worker_count;
    void *shared; /* owned by the scenario */
    struct bench_tls_context *tls;

    /* written by main, read by workers */
    _Atomic uint64_t started; /* ns: start of the measured span, 0 before it */
    _Atomic int phase;
    _Atomic uint32_t want_open; /* links below this number are opened */
    _Atomic uint32_t opening;   /* maximum of concurrent handshakes */
    _Atomic bool is_hopeless;   /* set by workers: continuing is pointless */
    _Atomic uint32_t sample;    /* the sample that workers record into */

    /* any thread, under lock */
    pthread_mutex_t lock;
    struct bench_sample *samples[BENCH_SAMPLES_MAX + 1];
    char notes[BENCH_NOTES_MAX][BENCH_NOTE_LEN];
    int note_count;
    struct bench_end ends[BENCH_END_KINDS][BENCH_ENDS_MAX]; /* ends with 0 */
    struct bench_round rounds[BENCH_SAMPLES_MAX];
    int round_count;
};

/* Makes links and workers; on failure, prints a message and returns false. */
bool bench_run_init(struct bench_run *self, const struct bench_options *options,
                    const struct scenario *scenario);

/* Frees everything made by init, even if init failed. */
void bench_run_deinit(struct bench_run *self);

/* Stores a reason for the report, once per kind. */
__attribute__((format(printf, 2, 3))) void
bench_run_note(struct bench_run *self, const char *format, ...);

/* Counts an end by its status or code. */
void bench_run_count_end(struct bench_run *self, enum bench_end_kind kind,
                         int code);

/* The current sum of all workers' counters. */
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
