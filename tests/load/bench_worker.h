/* bench_worker: a thread of the generator: an epoll loop and its links.
 *
 * Owner:   the run holds them in one array.
 * Thread:  its own, except the counters, and the histograms at the end.
 * Limits:  link i belongs to worker i modulo the number of workers.
 * Failure: bench_worker_start returns false without memory or threads.
 */
#ifndef PEAL_BENCH_WORKER_H
#define PEAL_BENCH_WORKER_H

#include "bench_run.h"
#include "bench_seen.h"
#include "bench_upgrade.h"

struct bench_worker {
    /* set once */
    struct bench_run *run;
    uint32_t id; /* its index among the run's workers */
    pthread_t thread;
    int epoll_fd;
    int wake_fd; /* an eventfd: another thread has a message */
    struct bench_key key;
    unsigned char *buffer; /* receive buffer of the thread */
    size_t buffer_size;
    void *own; /* owned by the scenario, for this thread */

    /* only this thread */
    uint64_t now; /* ns; refreshed with each recv */
    uint64_t random;
    enum bench_phase phase; /* as last read */
    size_t hint;            /* position of the last stamp */
    struct bench_link **dirty;
    uint32_t dirty_count;
    uint32_t next_open; /* the next link to open */
    uint32_t opening;   /* handshakes under way */
    uint64_t open_due;
    uint64_t checked_at; /* time of the last check of handshake time-outs */
    uint32_t sample;
    struct histogram interval; /* latency since the last sample */

    /* only this thread; after the join, others too */
    struct histogram handshake; /* of the connections opened before the span */
    struct histogram lateness;  /* of the generator: sent minus due */
    struct bench_tally tally;

    /* any thread may read */
    _Atomic int reached; /* the phase that it has entered */
    struct bench_counts counts;
};

/* Makes the loop and the thread; `run` must outlive them. */
bool bench_worker_start(struct bench_worker *self, struct bench_run *run);

/* Waits for the thread, which ends at BENCH_DONE, and frees it. */
void bench_worker_join(struct bench_worker *self);

/* True if an operation that started at `since` belongs to the measured span and
 * the span is not over. Publishers and receivers use the same check, so that
 * claimed and covered messages are the same. */
static inline bool bench_worker_measures(const struct bench_worker *self,
                                         uint64_t since)
{
    uint64_t started =
        atomic_load_explicit(&self->run->started, memory_order_relaxed);

    return started && since >= started && self->phase <= BENCH_FINISHING;
}

/* Records a latency into the current sample if it is measured. */
static inline void bench_worker_record(struct bench_worker *self,
                                       uint64_t since)
{
    if (bench_worker_measures(self, since))
        histogram_record(&self->interval,
                         self->now > since ? self->now - since : 0);
}

/* A message due at this time causes this many deliveries. */
static inline void bench_worker_claim(struct bench_worker *self, uint64_t due,
                                      uint64_t deliveries)
{
    bench_count(&self->counts.expected, deliveries);
    if (bench_worker_measures(self, due))
        bench_count(&self->counts.claimed, deliveries);
}

/* Counts one delivery and its latency. */
static inline void bench_worker_deliver(struct bench_worker *self, uint64_t due)
{
    bench_count(&self->counts.arrived, 1);
    if (bench_worker_measures(self, due))
        bench_count(&self->counts.covered, 1);
    bench_worker_record(self, due);
}

/* True while texts may be published. */
static inline bool bench_worker_has_traffic(const struct bench_worker *self)
{
    return self->phase == BENCH_WARMING || self->phase == BENCH_MEASURING;
}

/* A cheap pseudo-random number: for masks, think times and choices. */
static inline uint64_t bench_worker_random(struct bench_worker *self)
{
    self->random ^= self->random << 13;
    self->random ^= self->random >> 7;
    self->random ^= self->random << 17;
    return self->random;
}

/* A random pause in ns with the given mean in seconds, exponentially
 * distributed as between independent users. */
uint64_t bench_worker_pause(struct bench_worker *self, double mean);

/* Sends data queued by links; called after each event and each turn. */
void bench_worker_flush(struct bench_worker *self);

/* Wakes the thread from another thread. */
void bench_worker_wake(struct bench_worker *self);

#endif
