/* Main does very little: it sets the phase, sleeps a few milliseconds at a
 * time, and reads the workers' counters at each sample. Figures of a span are
 * differences between two readings, so no worker has to stop. */
#include "bench_conduct.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench_result.h"
#include "bench_run.h"
#include "bench_worker.h"
#include "scenario.h"

enum {
    TICK_US = 3000,
    OPEN_LIMIT_S = 120,
    STALL_S = 3,
    CLOSE_LIMIT_S = 10,
    PLOT_POINTS = 100,
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
    (void)signal;
    interrupted++; /* the second interrupt does not wait for late messages */
}

struct conductor {
    struct bench_run *run;
    struct bench_result *result;
    struct bench_proc server;
    bool shows_progress;

    /* the measured span */
    uint64_t started;
    struct bench_totals at_start;
    struct bench_usage server_start, self_start;
    double worker_start[64];

    /* the current sample */
    uint64_t sample_started;
    uint64_t sample_operations;
    double interval;

    /* stall detection */
    uint64_t last_arrived, last_moved;
};

static double seconds_since(uint64_t then)
{
    return (double)(bench_now() - then) / 1e9;
}

static void set_phase(struct conductor *self, enum bench_phase phase)
{
    atomic_store_explicit(&self->run->phase, phase, memory_order_release);
    for (uint32_t i = 0; i < self->run->worker_count; i++)
        bench_worker_wake(&self->run->workers[i]);
}

static void show(const struct conductor *self, const char *what, double at,
                 double of, uint64_t count)
{
    if (self->shows_progress)
        fprintf(stderr, "\r\033[K%s %s %.1f/%.1f s, %llu",
                self->run->scenario->name, what, at, of,
                (unsigned long long)count);
}

static double worker_cpu(const struct bench_worker *worker)
{
    clockid_t clock;
    struct timespec ts = {0};

    if (pthread_getcpuclockid(worker->thread, &clock) == 0)
        clock_gettime(clock, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* -------------------------------------------------------------- opening */

static uint64_t opened_of(const struct bench_run *run)
{
    struct bench_totals totals = bench_run_totals(run);

    return totals.ready + totals.failed;
}

/* The target accepts connections but never responds, so opening more is
 * useless. */
static bool nobody_answers(const struct bench_run *run)
{
    struct bench_totals totals = bench_run_totals(run);

    return totals.timeouts && !totals.ready;
}

static void open_up_to(struct conductor *self, uint32_t count, uint64_t start)
{
    struct bench_run *run = self->run;

    atomic_store(&run->want_open, count);
    while (opened_of(run) < count && !interrupted) {
        usleep(TICK_US);
        double limit = OPEN_LIMIT_S;
        if (run->options.open_rate > 0)
            limit += count / run->options.open_rate;
        if (seconds_since(start) > limit)
            bench_run_note(run, "opening took longer than %.0f s", limit);
        if (seconds_since(start) > limit)
            break;
        if (nobody_answers(run))
            break;
        show(self, "opening", seconds_since(start), limit, opened_of(run));
    }
}

/* The first connection's memory is not counted, because it includes one-time
 * costs such as code pages and tables. */
static bool open_held(struct conductor *self)
{
    struct bench_run *run = self->run;
    uint32_t held = run->scenario->held(run);
    struct bench_usage before = bench_proc_usage(&self->server);
    uint64_t start = bench_now();

    open_up_to(self, held ? 1 : 0, start);
    self->result->memory_with_one = bench_proc_usage(&self->server).memory;
    open_up_to(self, held, start);
    struct bench_usage after = bench_proc_usage(&self->server);
    self->result->open_seconds = seconds_since(start);
    self->result->opened = bench_run_totals(run).ready;
    self->result->open_server = bench_usage_between(&before, &after);
    return self->result->opened == held;
}

/* ------------------------------------------------------------- sampling */

static void begin_sample(struct conductor *self)
{
    struct bench_run *run = self->run;
    struct bench_sample *sample = calloc(1, sizeof *sample);
    uint32_t index = self->result->samples;

    if (!sample || index >= BENCH_SAMPLES_MAX) {
        free(sample);
        return;
    }
    histogram_init(&sample->latency);
    pthread_mutex_lock(&run->lock);
    run->samples[index] = sample;
    pthread_mutex_unlock(&run->lock);
    self->sample_started = bench_now();
    sample->at = (double)(self->sample_started - self->started) / 1e9;
    atomic_store(&run->sample, index);
}

static void end_sample(struct conductor *self)
{
    struct bench_run *run = self->run;
    struct bench_sample *sample = run->samples[self->result->samples];
    struct bench_totals totals = bench_run_totals(run);
    uint64_t operations = bench_result_operations(run, &totals);

    sample->seconds = seconds_since(self->sample_started);
    sample->operations = operations - self->sample_operations;
    sample->server = bench_proc_usage(&self->server);
    self->sample_operations = operations;
    self->result->samples++;
}

static void sample_if_due(struct conductor *self)
{
    if (seconds_since(self->sample_started) < self->interval ||
        self->result->samples + 1 >= BENCH_SAMPLES_MAX)
        return;
    end_sample(self);
    begin_sample(self);
}

/* ------------------------------------------------------ the measured span */

static void begin_span(struct conductor *self)
{
    struct bench_run *run = self->run;

    self->interval = run->options.duration / PLOT_POINTS;
    if (self->interval < 0.1)
        self->interval = 0.1;
    self->started = self->last_moved = atomic_load(&run->started);
    self->at_start = bench_run_totals(run);
    self->sample_operations = bench_result_operations(run, &self->at_start);
    self->server_start = bench_proc_usage(&self->server);
    self->self_start = bench_proc_self();
    for (uint32_t i = 0; i < run->worker_count; i++)
        self->worker_start[i] = worker_cpu(&run->workers[i]);
    begin_sample(self);
}

static void end_span(struct conductor *self)
{
    struct bench_run *run = self->run;
    struct bench_result *result = self->result;
    struct bench_totals totals = bench_run_totals(run);
    struct bench_usage server = bench_proc_usage(&self->server);
    struct bench_usage own = bench_proc_self();

    result->seconds = seconds_since(self->started);
    result->span = bench_totals_between(&self->at_start, &totals);
    result->server = bench_usage_between(&self->server_start, &server);
    result->self = bench_usage_between(&self->self_start, &own);
    for (uint32_t i = 0; i < run->worker_count; i++) {
        double used = worker_cpu(&run->workers[i]) - self->worker_start[i];
        if (used / result->seconds > result->busiest)
            result->busiest = used / result->seconds;
    }
    end_sample(self);
    /* Makes the workers record their data of the last sample. */
    atomic_store(&run->sample, result->samples);
}

/* With a window, one lost text stops the sender forever. */
static bool has_stalled(struct conductor *self)
{
    struct bench_totals totals = bench_run_totals(self->run);

    if (!self->run->scenario->ends_on_stall)
        return false;
    uint64_t moved = totals.arrived + totals.ready;
    if (moved != self->last_arrived) {
        self->last_arrived = moved;
        self->last_moved = bench_now();
    }
    self->result->stalled = seconds_since(self->last_moved) > STALL_S ||
                            totals.closed >= totals.begun ||
                            atomic_load(&self->run->is_hopeless);
    return self->result->stalled;
}

/* Messages sent within the span must arrive within it; otherwise a server that
 * only queues would appear fast. The same applies to connections being opened
 * or closed. */
static bool is_finished(const struct bench_run *run)
{
    struct bench_totals totals = bench_run_totals(run);
    uint64_t open = totals.begun - totals.closed;

    if (run->scenario->counts_openings)
        return totals.ready + totals.failed >= totals.begun &&
               (!run->scenario->closes || run->options.hold > 0 ||
                open <= run->scenario->held(run));
    return totals.covered >= totals.claimed;
}

static bool all_reached(const struct bench_run *run, enum bench_phase phase)
{
    for (uint32_t i = 0; i < run->worker_count; i++)
        if (atomic_load(&run->workers[i].reached) < (int)phase)
            return false;
    return true;
}

/* After an interrupt, the user wants the figures soon. */
static double drain_limit(const struct bench_run *run)
{
    double limit = run->options.drain;

    return interrupted && limit > 1 ? 1 : limit;
}

static void finish(struct conductor *self)
{
    uint64_t start = bench_now();
    double limit = drain_limit(self->run);

    set_phase(self, BENCH_FINISHING);
    if (self->result->stalled)
        return;
    while (
        !(all_reached(self->run, BENCH_FINISHING) && is_finished(self->run)) &&
        interrupted < 2 && seconds_since(start) < limit) {
        usleep(TICK_US / 3);
        sample_if_due(self);
    }
}

/* An idle run ends only when its connections are gone. */
static bool all_gone(const struct bench_run *run)
{
    struct bench_totals totals = bench_run_totals(run);

    return run->scenario->counts_openings && !run->scenario->turn &&
           !run->scenario->unleash && totals.closed >= totals.begun;
}

static void measure(struct conductor *self)
{
    struct bench_run *run = self->run;
    const struct scenario *scenario = run->scenario;
    double duration = run->options.duration;

    atomic_store(&run->started, bench_now());
    set_phase(self, BENCH_MEASURING);
    begin_span(self);
    if (scenario->unleash)
        scenario->unleash(run);
    while (seconds_since(self->started) < duration && !interrupted) {
        usleep(TICK_US);
        sample_if_due(self);
        if ((scenario->is_over && scenario->is_over(run)) ||
            has_stalled(self) || all_gone(run))
            break;
        show(self, "measuring", seconds_since(self->started), duration,
             self->sample_operations);
    }
    finish(self);
    end_span(self);
}

static void warm_up(struct conductor *self)
{
    uint64_t start = bench_now();
    double limit = self->run->options.warmup;

    set_phase(self, BENCH_WARMING);
    while (seconds_since(start) < limit && !interrupted &&
           !atomic_load(&self->run->is_hopeless)) {
        usleep(TICK_US);
        show(self, "warming up", seconds_since(start), limit, 0);
    }
}

/* ------------------------------------------------------------- the end */

static bool all_arrived(const struct bench_run *run)
{
    struct bench_totals totals = bench_run_totals(run);

    return totals.arrived >= totals.expected;
}

static void drain(struct conductor *self)
{
    uint64_t start = bench_now();

    set_phase(self, BENCH_DRAINING);
    /* Wait for another round of every loop, so that no publisher is still
     * active. */
    usleep(100 * 1000);
    while (!all_arrived(self->run) && interrupted < 2 &&
           !self->result->stalled &&
           seconds_since(start) < drain_limit(self->run))
        usleep(TICK_US);
}

static void close_all(struct conductor *self)
{
    struct bench_run *run = self->run;
    uint64_t start = bench_now();
    struct bench_totals totals;

    set_phase(self, BENCH_CLOSING);
    do {
        usleep(TICK_US);
        totals = bench_run_totals(run);
    } while (totals.closed < totals.begun &&
             seconds_since(start) < (interrupted ? 1 : CLOSE_LIMIT_S));
    set_phase(self, BENCH_DONE);
}

static void gather(struct conductor *self)
{
    struct bench_run *run = self->run;
    struct bench_result *result = self->result;

    for (uint32_t i = 0; i < run->worker_count; i++) {
        struct bench_worker *worker = &run->workers[i];
        bench_worker_join(worker);
        histogram_merge(&result->handshake, &worker->handshake);
        histogram_merge(&result->lateness, &worker->lateness);
        result->tally.lost += worker->tally.lost;
        result->tally.overdue += worker->tally.overdue;
        result->tally.doubled += worker->tally.doubled;
        result->tally.reordered += worker->tally.reordered;
        result->tally.stray += worker->tally.stray;
    }
    for (uint32_t i = 0; i < result->samples; i++)
        histogram_merge(&result->latency, &run->samples[i]->latency);
    result->all = bench_run_totals(run);
}

static bool start_workers(struct bench_run *run)
{
    for (uint32_t i = 0; i < run->worker_count; i++)
        if (!bench_worker_start(&run->workers[i], run)) {
            fprintf(stderr, "peal-bench: cannot start a thread\n");
            return false;
        }
    return true;
}

static void init_result(struct bench_result *result)
{
    memset(result, 0, sizeof *result);
    histogram_init(&result->latency);
    histogram_init(&result->handshake);
    histogram_init(&result->lateness);
}

static void play(struct conductor *self)
{
    bool all_open = open_held(self);

    self->result->memory_open = bench_proc_usage(&self->server).memory;
    if (!all_open || interrupted)
        return;
    warm_up(self);
    measure(self);
    drain(self);
}

static bool find_servers(struct conductor *self)
{
    const struct bench_list *pids = &self->run->options.server_pids;

    for (int i = 0; i < pids->count; i++) {
        if (bench_proc_add(&self->server, (pid_t)atoi(pids->items[i])))
            continue;
        fprintf(stderr, "peal-bench: --server-pid: no process %s\n",
                pids->items[i]);
        return false;
    }
    return true;
}

bool bench_conduct(struct bench_run *run, struct bench_result *result)
{
    struct conductor self = {.run = run, .result = result};

    init_result(result);
    self.shows_progress = !run->options.quiet && isatty(STDERR_FILENO);
    if (!find_servers(&self))
        return false;
    signal(SIGINT, on_interrupt);
    signal(SIGTERM, on_interrupt);
    if (!start_workers(run))
        return false;
    play(&self);
    close_all(&self);
    gather(&self);
    result->interrupted = interrupted;
    if (self.shows_progress)
        fputs("\r\033[K", stderr);
    return true;
}
