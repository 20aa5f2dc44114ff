/* shootout: modelled on the public websocket-shootout benchmark. A random
 * client broadcasts, and the time until the last client has the text is
 * measured. The original measures the sender's receipt instead, which a server
 * may send before it has delivered anything; with --result the report also has
 * that time, and the share of deliveries made by then. A few broadcasts
 * (--window, 4) are in flight at once. After --samples of them, --step clients
 * are added, until the 95th percentile exceeds --limit.
 *
 * Each broadcast in flight uses a lane: a separate stream whose next text is
 * sent when all clients have the previous one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench_stamp.h"
#include "bench_worker.h"
#include "scenario.h"

enum { CLIENTS_MOST = 50000 };

enum stage { OPENING, BROADCASTING, OVER };

/* The current broadcast of a lane. */
struct lane {
    _Atomic uint32_t awaited; /* clients that do not have it yet */
    _Atomic uint32_t clients; /* number of its recipients */
    _Atomic bool is_receipted;
};

struct shootout {
    uint32_t lanes;
    struct lane *broadcasts; /* one per lane */
    struct bench_seen *seen; /* links x lanes */
    _Atomic uint32_t *published;
    size_t *hints;

    /* main */
    enum stage stage;
    uint32_t clients;

    /* written by main, read by workers */
    _Atomic uint32_t round; /* increases with each round */
    uint32_t *round_seen;   /* per worker */

    /* any thread */
    _Atomic int32_t to_begin; /* broadcasts of this round left to send */
    _Atomic uint32_t completed;

    /* under the run's lock, for this round */
    struct histogram times;
    struct histogram receipts;
    double by_receipt; /* the sum of the shares delivered at each receipt */
};

static uint32_t first_step(const struct bench_run *run)
{
    uint32_t step = (uint32_t)run->options.step;

    return step < run->link_count ? step : run->link_count;
}

/* The limit of the original benchmark, if enough files may be open. */
static int64_t clients_by_default(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
        limit.rlim_max > CLIENTS_MOST + BENCH_FILES_BESIDES)
        return CLIENTS_MOST;
    return (int64_t)limit.rlim_max - BENCH_FILES_BESIDES;
}

static void adjust(struct bench_options *options)
{
    options->rooms = 1;
    if (options->connections == 0)
        options->connections = clients_by_default();
    if (options->duration <= 0)
        options->duration = 300;
    if (options->window == 1)
        options->window = 4;
}

/* --------------------------------------------------------------- set-up */

static bool allocate(struct shootout *self, const struct bench_run *run)
{
    size_t pairs = (size_t)run->link_count * self->lanes;

    self->seen = calloc(pairs, sizeof *self->seen);
    self->broadcasts = calloc(self->lanes, sizeof *self->broadcasts);
    self->published = calloc(self->lanes, sizeof *self->published);
    self->round_seen = calloc(run->worker_count, sizeof *self->round_seen);
    self->hints = calloc(run->worker_count, sizeof *self->hints);
    return self->seen && self->broadcasts && self->published &&
           self->round_seen && self->hints;
}

static bool prepare(struct bench_run *run)
{
    struct shootout *self = calloc(1, sizeof *self);

    run->shared = self;
    if (!self)
        return false;
    self->lanes = (uint32_t)run->options.window;
    self->clients = first_step(run);
    if (!allocate(self, run))
        return false;
    for (uint32_t i = 0; i < run->link_count; i++) {
        struct bench_link *link = &run->links[i];
        link->seen = &self->seen[(size_t)i * self->lanes];
        if (!bench_script_init(&link->script, &run->options, i, link->room))
            return false;
    }
    return true;
}

static void release(struct bench_run *run)
{
    struct shootout *self = run->shared;

    if (!self)
        return;
    free(self->seen);
    free(self->broadcasts);
    free(self->published);
    free(self->round_seen);
    free(self->hints);
    free(self);
}

/* ---------------------------------------------------------------- workers */

/* A random open link of this worker; links beyond `clients` are not open. */
static struct bench_link *choose(struct bench_worker *worker)
{
    struct bench_run *run = worker->run;
    uint32_t open = atomic_load(&run->want_open);
    uint32_t mine =
        (open - worker->id + run->worker_count - 1) / run->worker_count;
    uint32_t index = (uint32_t)(bench_worker_random(worker) % mine);

    return &run->links[index * run->worker_count + worker->id];
}

static void broadcast(struct bench_worker *worker, uint32_t lane)
{
    struct shootout *self = worker->run->shared;

    if (atomic_fetch_sub(&self->to_begin, 1) <= 0)
        return;
    struct lane *it = &self->broadcasts[lane];
    uint32_t clients = atomic_load(&worker->run->want_open);
    uint32_t sequence = atomic_fetch_add(&self->published[lane], 1);
    atomic_store(&it->awaited, clients);
    atomic_store(&it->clients, clients);
    atomic_store(&it->is_receipted, false);
    worker->now = bench_now();
    bench_link_publish(choose(worker), lane, sequence, worker->now);
    bench_worker_claim(worker, worker->now, clients);
}

static uint64_t turn(struct bench_worker *worker)
{
    struct shootout *self = worker->run->shared;
    uint32_t round = atomic_load(&self->round);

    if (self->round_seen[worker->id] == round)
        return UINT64_MAX;
    self->round_seen[worker->id] = round;
    for (uint32_t lane = worker->id; lane < self->lanes;
         lane += worker->run->worker_count)
        broadcast(worker, lane);
    return UINT64_MAX;
}

static void ready(struct bench_link *link)
{
    struct shootout *self = link->worker->run->shared;

    for (uint32_t lane = 0; lane < self->lanes; lane++)
        bench_seen_from_now(&link->seen[lane]);
}

/* The last client, in any thread, has the text; that thread continues the
 * lane. */
static void complete(struct bench_worker *worker,
                     const struct bench_stamp *stamp)
{
    struct shootout *self = worker->run->shared;

    pthread_mutex_lock(&worker->run->lock);
    histogram_record(&self->times, worker->now - stamp->due);
    pthread_mutex_unlock(&worker->run->lock);
    atomic_fetch_add(&self->completed, 1);
    broadcast(worker, stamp->stream);
}

static void stamped(struct bench_link *link, const struct bench_stamp *stamp)
{
    struct bench_worker *worker = link->worker;
    struct shootout *self = worker->run->shared;

    if (stamp->stream >= self->lanes) {
        worker->tally.stray++;
        return;
    }
    if (!bench_seen_take(&link->seen[stamp->stream], stamp->sequence,
                         &worker->tally))
        return;
    bench_worker_deliver(worker, stamp->due);
    if (atomic_fetch_sub(&self->broadcasts[stamp->stream].awaited, 1) == 1)
        complete(worker, stamp);
}

/* The sender's receipt is reported in addition to the figures. */
static void on_receipt(struct bench_worker *worker,
                       const struct bench_stamp *stamp)
{
    struct shootout *self = worker->run->shared;
    struct lane *it = &self->broadcasts[stamp->stream];
    uint32_t last = atomic_load(&self->published[stamp->stream]) - 1;
    double share = 1;

    bench_count(&worker->counts.receipts, 1);
    if (stamp->sequence == last && !atomic_exchange(&it->is_receipted, true))
        share -= (double)atomic_load(&it->awaited) / atomic_load(&it->clients);
    pthread_mutex_lock(&worker->run->lock);
    histogram_record(&self->receipts, worker->now - stamp->due);
    self->by_receipt += share;
    pthread_mutex_unlock(&worker->run->lock);
}

static void other(struct bench_link *link, const unsigned char *text,
                  size_t len)
{
    struct bench_worker *worker = link->worker;
    struct shootout *self = worker->run->shared;
    const char *result = worker->run->options.result;
    size_t need = strlen(result);
    struct bench_stamp stamp;

    if (need && len >= need && memcmp(text, result, need) == 0 &&
        bench_stamp_find(text, len, &self->hints[worker->id], &stamp) &&
        stamp.run == worker->run->id && stamp.stream < self->lanes)
        on_receipt(worker, &stamp);
}

static void settle(struct bench_link *link)
{
    struct shootout *self = link->worker->run->shared;

    for (uint32_t lane = 0; lane < self->lanes; lane++)
        bench_seen_end(&link->seen[lane], atomic_load(&self->published[lane]),
                       &link->worker->tally);
}

/* ------------------------------------------------------------------- main */

static void begin_round(struct bench_run *run)
{
    struct shootout *self = run->shared;

    pthread_mutex_lock(&run->lock);
    histogram_init(&self->times);
    histogram_init(&self->receipts);
    self->by_receipt = 0;
    pthread_mutex_unlock(&run->lock);
    atomic_store(&self->completed, 0);
    atomic_store(&self->to_begin, (int32_t)run->options.samples);
    atomic_fetch_add(&self->round, 1);
    for (uint32_t i = 0; i < run->worker_count; i++)
        bench_worker_wake(&run->workers[i]);
    self->stage = BROADCASTING;
}

/* Records the round; true if the limit is exceeded. */
static bool end_round(struct bench_run *run)
{
    struct shootout *self = run->shared;
    struct bench_round round = {.clients = self->clients};

    pthread_mutex_lock(&run->lock);
    round.p50 = histogram_percentile(&self->times, 50);
    round.p95 = histogram_percentile(&self->times, 95);
    round.max = self->times.max;
    round.receipt_p50 = histogram_percentile(&self->receipts, 50);
    if (self->receipts.count)
        round.by_receipt = self->by_receipt / (double)self->receipts.count;
    pthread_mutex_unlock(&run->lock);
    if (run->round_count < BENCH_SAMPLES_MAX)
        run->rounds[run->round_count++] = round;
    return (double)round.p95 > run->options.limit * 1e9;
}

static bool add_clients(struct bench_run *run)
{
    struct shootout *self = run->shared;

    if (self->clients >= run->link_count)
        return false;
    self->clients += (uint32_t)run->options.step;
    if (self->clients > run->link_count)
        self->clients = run->link_count;
    atomic_store(&run->want_open, self->clients);
    self->stage = OPENING;
    return true;
}

static bool is_over(struct bench_run *run)
{
    struct shootout *self = run->shared;
    struct bench_totals totals = bench_run_totals(run);

    if (totals.failed || totals.unexpected)
        return true;
    if (self->stage == OPENING && totals.ready >= self->clients)
        begin_round(run);
    if (self->stage == BROADCASTING &&
        atomic_load(&self->completed) >= (uint32_t)run->options.samples &&
        (end_round(run) || !add_clients(run)))
        self->stage = OVER;
    return self->stage == OVER;
}

const struct scenario scenario_shootout = {
    .name = "shootout",
    .help =
        "the number of clients that 95 % of broadcasts reach within --limit",
    .operation = "a delivery",
    .operations = "deliveries",
    .ends_on_stall = true,
    .adjust = adjust,
    .prepare = prepare,
    .release = release,
    .held = first_step,
    .is_over = is_over,
    .turn = turn,
    .ready = ready,
    .stamped = stamped,
    .other = other,
    .settle = settle,
};
