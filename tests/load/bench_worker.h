/* bench_worker: one thread of the generator: an epoll loop and its links.
 *
 * Owner:   the run holds them in one array.
 * Thread:  its own, but for the counters and the histograms at the end.
 * Limits:  link i belongs to worker i modulo the number of workers.
 * Failure: bench_worker_start answers false without memory or threads.
 */
#ifndef PEAL_BENCH_WORKER_H
#define PEAL_BENCH_WORKER_H

#include "bench_run.h"
#include "bench_seen.h"
#include "bench_upgrade.h"

struct bench_worker {
    /* set once */
    struct bench_run *run;
    uint32_t id; /* its place among the run's workers */
    pthread_t thread;
    int epoll_fd;
    int wake_fd; /* an eventfd: another thread has something for us */
    struct bench_key key;
    unsigned char *buffer; /* every recv of the thread goes here */
    size_t buffer_size;
    void *own; /* the scenario's, for this thread */

    /* only this thread */
    uint64_t now; /* ns; refreshed with each recv */
    uint64_t random;
    enum bench_phase phase; /* as last seen */
    size_t hint;            /* where the last stamp was found */
    struct bench_link **dirty;
    uint32_t dirty_count;
    uint32_t next_open; /* the next link to open */
    uint32_t opening;   /* handshakes under way */
    uint64_t open_due;
    uint64_t checked_at; /* when the handshakes' time was last looked at */
    uint32_t sample;
    struct histogram interval; /* latency since the last sample */

    /* only this thread; others after it is joined */
    struct histogram handshake; /* of the connections opened beforehand */
    struct histogram lateness;  /* our own: sent minus due */
    struct bench_tally tally;

    /* any thread may read */
    _Atomic int reached; /* the phase that it has entered */
    struct bench_counts counts;
};

/* Makes the loop and the thread; `run` must outlive it. */
bool bench_worker_start(struct bench_worker *self, struct bench_run *run);

/* Waits for the thread, which ends with BENCH_DONE, and frees. */
void bench_worker_join(struct bench_worker *self);

/* True when what began at `since` belongs to the measured span, which is
 * not over yet. Publishers and receivers ask the same, so that what the one
 * claims and what the other covers are the same messages. */
static inline bool bench_worker_measures(const struct bench_worker *self,
                                         uint64_t since)
{
    uint64_t started =
        atomic_load_explicit(&self->run->started, memory_order_relaxed);

    return started && since >= started && self->phase <= BENCH_FINISHING;
}

/* Records a latency into the current sample, if this is being measured. */
static inline void bench_worker_record(struct bench_worker *self,
                                       uint64_t since)
{
    if (bench_worker_measures(self, since))
        histogram_record(&self->interval,
                         self->now > since ? self->now - since : 0);
}

/* A message, due then, should make so many deliveries. */
static inline void bench_worker_claim(struct bench_worker *self, uint64_t due,
                                      uint64_t deliveries)
{
    bench_count(&self->counts.expected, deliveries);
    if (bench_worker_measures(self, due))
        bench_count(&self->counts.claimed, deliveries);
}

/* One of them was made: counts it, and its latency. */
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

/* A span in ns with the given mean in seconds, as independent people make
 * them: exponentially distributed. */
uint64_t bench_worker_pause(struct bench_worker *self, double mean);

/* Sends what links have queued; called after each event and each turn. */
void bench_worker_flush(struct bench_worker *self);

/* Wakes the thread from another one. */
void bench_worker_wake(struct bench_worker *self);

#endif
