/* fanout and rooms: all members of a room receive the texts of its publishers.
 * fanout has one room. With a window, a publisher sends the next text when one
 * of its texts has reached every member; with --rate, by the clock.
 *
 * Deliveries are tracked twice: the order, per pair of member and publisher
 * (bench_seen), and the number, per text in flight. Each thread counts the
 * latter for its own members, and updates the counter shared by all threads
 * only when all of them have the text. */
#include <stdio.h>
#include <stdlib.h>

#include "bench_pace.h"
#include "bench_stamp.h"
#include "bench_worker.h"
#include "scenario.h"

enum { SENDS_A_TURN = 64, OUT_LIMIT = 1 << 20 };

/* A text in flight, as seen by one thread. */
struct flight {
    uint32_t sequence;
    uint32_t arrived;
};

/* The state of one thread. */
struct side {
    struct flight *flights; /* streams x ring */
    uint32_t *members;      /* per room, in this thread */
    uint32_t *streams;      /* streams whose publisher is in this thread */
    uint32_t stream_count;
    uint32_t at;
    struct bench_pace pace;
};

struct crowd {
    uint32_t rooms, publishers, streams;
    uint32_t window;         /* per publisher */
    uint32_t ring;           /* remembered flights, more than the window */
    struct bench_seen *seen; /* links x publishers */
    struct side *sides;
    uint32_t *sizes;             /* members per room */
    uint32_t *threads;           /* threads with members, per room */
    _Atomic uint32_t *published; /* per stream */
    _Atomic uint32_t *waiting;   /* streams x ring: threads not done */
    _Atomic uint32_t *completed; /* per stream, by other threads */
};

static uint32_t all(const struct bench_run *run)
{
    return run->link_count;
}

static struct crowd *crowd_of(const struct bench_link *link)
{
    return link->worker->run->shared;
}

/* Connection i is in room i modulo rooms, as its member i / rooms; the first
 * members are the publishers. */
static struct bench_link *publisher_of(struct bench_run *run, uint32_t stream)
{
    struct crowd *self = run->shared;
    uint32_t room = stream / self->publishers;
    uint32_t member = stream % self->publishers;

    return &run->links[member * self->rooms + room];
}

/* ------------------------------------------------------------ the layout */

static void adjust_fanout(struct bench_options *options)
{
    options->rooms = 1;
}

static void adjust_rooms(struct bench_options *options)
{
    if (options->connections == 0)
        options->connections = 1000;
    if (options->rooms == 0)
        options->rooms = (options->connections + 99) / 100;
}

static bool allocate(struct crowd *self, uint32_t links, uint32_t workers)
{
    size_t flights = (size_t)self->streams * self->ring;

    self->seen = calloc((size_t)links * self->publishers, sizeof *self->seen);
    self->sides = calloc(workers, sizeof *self->sides);
    self->sizes = calloc(self->rooms, sizeof *self->sizes);
    self->threads = calloc(self->rooms, sizeof *self->threads);
    self->published = calloc(self->streams, sizeof *self->published);
    self->waiting = calloc(flights, sizeof *self->waiting);
    self->completed = calloc(self->streams, sizeof *self->completed);
    if (!self->seen || !self->sides || !self->sizes || !self->threads ||
        !self->published || !self->waiting || !self->completed)
        return false;
    for (uint32_t i = 0; i < workers; i++) {
        struct side *side = &self->sides[i];
        side->flights = calloc(flights, sizeof *side->flights);
        side->members = calloc(self->rooms, sizeof *side->members);
        side->streams = calloc(self->streams, sizeof *side->streams);
        if (!side->flights || !side->members || !side->streams)
            return false;
    }
    return true;
}

static bool seat(struct bench_run *run)
{
    struct crowd *self = run->shared;

    for (uint32_t i = 0; i < run->link_count; i++) {
        struct bench_link *link = &run->links[i];
        uint32_t *here = &self->sides[link->worker->id].members[link->room];
        if ((*here)++ == 0)
            self->threads[link->room]++;
        self->sizes[link->room]++;
        link->seen = &self->seen[(size_t)i * self->publishers];
        for (uint32_t k = 0; k < self->publishers; k++)
            bench_seen_from_start(&link->seen[k]);
    }
    for (uint32_t stream = 0; stream < self->streams; stream++) {
        struct bench_link *link = publisher_of(run, stream);
        struct side *side = &self->sides[link->worker->id];
        side->streams[side->stream_count++] = stream;
        if (!bench_script_init(&link->script, &run->options, link->number,
                               link->room))
            return false;
    }
    return true;
}

/* The window is per room and shared by its publishers. */
static uint32_t window_of_each(const struct bench_options *options)
{
    int64_t each = options->window / options->publishers;

    return each > 0 ? (uint32_t)each : 1;
}

static uint32_t power_above(uint32_t least)
{
    uint32_t power = 8;

    while (power < least)
        power *= 2;
    return power;
}

static bool prepare(struct bench_run *run)
{
    const struct bench_options *options = &run->options;
    struct crowd *self = calloc(1, sizeof *self);

    if (!self)
        return false;
    run->shared = self;
    self->rooms = (uint32_t)options->rooms;
    self->publishers = (uint32_t)options->publishers;
    self->streams = self->rooms * self->publishers;
    self->window = window_of_each(options);
    self->ring = power_above(4 * self->window);
    if (self->streams > run->link_count) {
        fprintf(stderr, "peal-bench: more publishers than connections\n");
        return false;
    }
    return allocate(self, run->link_count, run->worker_count) && seat(run);
}

static void release(struct bench_run *run)
{
    struct crowd *self = run->shared;

    if (!self)
        return;
    for (uint32_t i = 0; self->sides && i < run->worker_count; i++) {
        free(self->sides[i].flights);
        free(self->sides[i].members);
        free(self->sides[i].streams);
    }
    free(self->seen);
    free(self->sides);
    free(self->sizes);
    free(self->threads);
    free(self->published);
    free(self->waiting);
    free(self->completed);
    free(self);
}

/* ----------------------------------------------------------- publishing */

static void publish(struct bench_run *run, uint32_t stream, uint64_t due)
{
    struct crowd *self = run->shared;
    struct bench_link *link = publisher_of(run, stream);
    uint32_t sequence =
        atomic_load_explicit(&self->published[stream], memory_order_relaxed);
    uint32_t slot = stream * self->ring + (sequence & (self->ring - 1));

    if (!bench_link_is_open(link))
        return;
    atomic_store(&self->waiting[slot], self->threads[link->room]);
    atomic_store(&self->published[stream], sequence + 1);
    bench_link_publish(link, stream, sequence, due);
    bench_worker_claim(link->worker, due,
                       self->sizes[link->room] - run->options.no_self);
}

static void begin(struct bench_worker *worker)
{
    struct bench_run *run = worker->run;
    struct crowd *self = run->shared;
    struct side *side = &self->sides[worker->id];
    double share = (double)side->stream_count / self->streams;

    bench_pace_init(&side->pace, bench_now(), run->options.rate * share);
    if (run->options.rate > 0)
        return;
    for (uint32_t i = 0; i < side->stream_count; i++)
        for (uint32_t k = 0; k < self->window; k++)
            publish(run, side->streams[i], bench_now());
}

/* Publishes again for texts that were completed in another thread. */
static void take_completed(struct bench_worker *worker)
{
    struct crowd *self = worker->run->shared;
    struct side *side = &self->sides[worker->id];

    for (uint32_t i = 0; i < side->stream_count; i++) {
        uint32_t stream = side->streams[i];
        uint32_t more = atomic_exchange(&self->completed[stream], 0);
        while (more--)
            publish(worker->run, stream, worker->now);
    }
}

static void publish_due(struct bench_worker *worker, struct side *side)
{
    uint64_t now = bench_now();
    uint64_t due;

    for (int i = 0; i < SENDS_A_TURN; i++) {
        uint32_t stream = side->streams[side->at];
        if (publisher_of(worker->run, stream)->out_len > OUT_LIMIT ||
            !bench_pace_take(&side->pace, now, &due))
            return;
        histogram_record(&worker->lateness, now - due);
        publish(worker->run, stream, due);
        side->at = (side->at + 1) % side->stream_count;
    }
}

static uint64_t turn(struct bench_worker *worker)
{
    struct crowd *self = worker->run->shared;
    struct side *side = &self->sides[worker->id];

    if (side->stream_count == 0)
        return UINT64_MAX;
    if (worker->run->options.rate > 0)
        publish_due(worker, side);
    else if (worker->run->worker_count > 1)
        take_completed(worker);
    return bench_pace_next(&side->pace);
}

/* ------------------------------------------------------------ receiving */

static void complete(struct bench_worker *worker, uint32_t stream)
{
    struct crowd *self = worker->run->shared;
    struct bench_worker *owner = publisher_of(worker->run, stream)->worker;

    if (owner == worker) {
        if (bench_worker_has_traffic(worker))
            publish(worker->run, stream, worker->now);
        return;
    }
    atomic_fetch_add(&self->completed[stream], 1);
    bench_worker_wake(owner);
}

/* The number of this thread's members that receive a text of the stream. */
static uint32_t goes_to(struct bench_worker *worker, uint32_t stream,
                        uint32_t room)
{
    struct crowd *self = worker->run->shared;
    uint32_t members = self->sides[worker->id].members[room];
    bool own = worker->run->options.no_self &&
               publisher_of(worker->run, stream)->worker == worker;

    return members - own;
}

static void count_flight(struct bench_link *link,
                         const struct bench_stamp *stamp)
{
    struct crowd *self = crowd_of(link);
    struct bench_worker *worker = link->worker;
    uint32_t slot =
        stamp->stream * self->ring + (stamp->sequence & (self->ring - 1));
    struct flight *flight = &self->sides[worker->id].flights[slot];

    if (flight->sequence != stamp->sequence)
        *flight = (struct flight){.sequence = stamp->sequence};
    flight->arrived++;
    if (flight->arrived == goes_to(worker, stamp->stream, link->room) &&
        atomic_fetch_sub(&self->waiting[slot], 1) == 1)
        complete(worker, stamp->stream);
}

static void stamped(struct bench_link *link, const struct bench_stamp *stamp)
{
    struct bench_worker *worker = link->worker;
    struct crowd *self = crowd_of(link);
    uint32_t index = stamp->stream - link->room * self->publishers;

    if (index >= self->publishers) {
        worker->tally.stray++;
        return;
    }
    if (!bench_seen_take(&link->seen[index], stamp->sequence, &worker->tally))
        return;
    bench_worker_deliver(worker, stamp->due);
    if (worker->run->options.rate <= 0)
        count_flight(link, stamp);
}

/* Without a publisher, nothing more will arrive. */
static void closed(struct bench_link *link)
{
    struct bench_run *run = link->worker->run;

    if (link->script.text && link->worker->phase > BENCH_OPENING &&
        link->worker->phase < BENCH_DRAINING)
        atomic_store(&run->is_hopeless, true);
}

static void settle(struct bench_link *link)
{
    struct crowd *self = crowd_of(link);
    struct bench_run *run = link->worker->run;

    for (uint32_t k = 0; k < self->publishers; k++) {
        uint32_t stream = link->room * self->publishers + k;
        if (run->options.no_self && publisher_of(run, stream) == link)
            continue;
        bench_seen_end(&link->seen[k], atomic_load(&self->published[stream]),
                       &link->worker->tally);
    }
}

#define CROWD                                                                  \
    .operation = "a delivery", .operations = "deliveries",                     \
    .ends_on_stall = true, .prepare = prepare, .release = release,             \
    .held = all, .begin = begin, .turn = turn, .stamped = stamped,             \
    .closed = closed, .settle = settle

const struct scenario scenario_fanout = {
    .name = "fanout",
    .help =
        "all connections are in one room and receive what its publishers send",
    .adjust = adjust_fanout,
    CROWD,
};

const struct scenario scenario_rooms = {
    .name = "rooms",
    .help =
        "connections are spread over --rooms rooms, each with its publishers",
    .adjust = adjust_rooms,
    CROWD,
};
