/* chat: rooms of people. Each person thinks, writes, and after a longer time
 * leaves and returns. Nobody waits for others, so the load does not decrease
 * when the server is slow. Each member expects all texts of another member that
 * follow the first one it received from it. */
#include <stdlib.h>

#include "bench_alarm.h"
#include "bench_stamp.h"
#include "bench_worker.h"
#include "scenario.h"

enum { NOT_YET_NS = 20 * 1000 * 1000, AWAY_SHARE = 5 };

struct chat {
    uint32_t rooms, largest;     /* members of the largest room */
    struct bench_seen *seen;     /* links x largest */
    uint64_t *leave_at;          /* per link */
    _Atomic uint32_t *published; /* per link */
    struct bench_alarm *alarms;  /* per worker */
};

static uint32_t all(const struct bench_run *run)
{
    return run->link_count;
}

static struct chat *chat_of(const struct bench_link *link)
{
    return link->worker->run->shared;
}

static void adjust(struct bench_options *options)
{
    if (options->connections == 0)
        options->connections = 1000;
    if (options->rooms == 0)
        options->rooms = (options->connections + 99) / 100;
}

/* --------------------------------------------------------------- set-up */

static bool allocate(struct chat *self, const struct bench_run *run)
{
    uint32_t links = run->link_count;

    self->seen = calloc((size_t)links * self->largest, sizeof *self->seen);
    self->leave_at = calloc(links, sizeof *self->leave_at);
    self->published = calloc(links, sizeof *self->published);
    self->alarms = calloc(run->worker_count, sizeof *self->alarms);
    if (!self->seen || !self->leave_at || !self->published || !self->alarms)
        return false;
    for (uint32_t i = 0; i < run->worker_count; i++)
        if (!bench_alarm_init(&self->alarms[i], links))
            return false;
    return true;
}

static bool prepare(struct bench_run *run)
{
    struct chat *self = calloc(1, sizeof *self);

    if (!self)
        return false;
    run->shared = self;
    self->rooms = (uint32_t)run->options.rooms;
    self->largest = (run->link_count + self->rooms - 1) / self->rooms;
    if (!allocate(self, run))
        return false;
    for (uint32_t i = 0; i < run->link_count; i++) {
        struct bench_link *link = &run->links[i];
        link->seen = &self->seen[(size_t)i * self->largest];
        if (!bench_script_init(&link->script, &run->options, i, link->room))
            return false;
    }
    return true;
}

static void release(struct bench_run *run)
{
    struct chat *self = run->shared;

    if (!self)
        return;
    for (uint32_t i = 0; self->alarms && i < run->worker_count; i++)
        bench_alarm_deinit(&self->alarms[i]);
    free(self->seen);
    free(self->leave_at);
    free(self->published);
    free(self->alarms);
    free(self);
}

/* ---------------------------------------------------------------- actions */

static void wake_after(struct bench_link *link, uint64_t ns)
{
    struct bench_worker *worker = link->worker;

    bench_alarm_set(&chat_of(link)->alarms[worker->id], link, worker->now + ns);
}

static void say(struct bench_link *link)
{
    struct bench_worker *worker = link->worker;
    _Atomic uint32_t *published = &chat_of(link)->published[link->number];
    uint32_t sequence = atomic_load(published);

    atomic_store(published, sequence + 1);
    histogram_record(&worker->lateness, worker->now - link->wake_at);
    bench_link_publish(link, link->number, sequence, link->wake_at);
}

static void act(struct bench_link *link)
{
    struct bench_worker *worker = link->worker;
    const struct bench_options *options = &worker->run->options;
    uint64_t pause = bench_worker_pause(worker, options->think);

    if (link->state == BENCH_LINK_DOWN) {
        bench_link_open(link, worker->now);
    } else if (link->state != BENCH_LINK_OPEN) {
        pause = NOT_YET_NS;
    } else if (worker->now >= chat_of(link)->leave_at[link->number]) {
        bench_link_leave(link);
        pause /= AWAY_SHARE;
    } else {
        say(link);
    }
    wake_after(link, pause);
}

static void begin(struct bench_worker *worker)
{
    struct bench_run *run = worker->run;

    worker->now = bench_now();
    for (uint32_t i = worker->id; i < run->link_count; i += run->worker_count)
        wake_after(&run->links[i],
                   bench_worker_pause(worker, run->options.think));
}

static uint64_t turn(struct bench_worker *worker)
{
    struct chat *self = worker->run->shared;
    struct bench_alarm *alarm = &self->alarms[worker->id];
    struct bench_link *link;

    worker->now = bench_now();
    while ((link = bench_alarm_take(alarm, worker->now)))
        act(link);
    return bench_alarm_next(alarm);
}

/* -------------------------------------------------------------- receiving */

static void ready(struct bench_link *link)
{
    struct chat *self = chat_of(link);
    struct bench_worker *worker = link->worker;
    double stay = worker->run->options.stay;

    self->leave_at[link->number] =
        bench_now() + bench_worker_pause(worker, stay);
    for (uint32_t k = 0; k < self->largest; k++) {
        if (worker->phase == BENCH_OPENING)
            bench_seen_from_start(&link->seen[k]);
        else
            bench_seen_from_now(&link->seen[k]);
    }
}

static void stamped(struct bench_link *link, const struct bench_stamp *stamp)
{
    struct chat *self = chat_of(link);
    struct bench_worker *worker = link->worker;
    uint32_t member = stamp->stream / self->rooms;

    if (stamp->stream % self->rooms != link->room || member >= self->largest) {
        worker->tally.stray++;
        return;
    }
    if (!bench_seen_take(&link->seen[member], stamp->sequence, &worker->tally))
        return;
    bench_worker_deliver(worker, stamp->due);
}

static void settle(struct bench_link *link)
{
    struct chat *self = chat_of(link);
    bool no_self = link->worker->run->options.no_self;

    for (uint32_t k = 0; k < self->largest; k++) {
        uint32_t number = k * self->rooms + link->room;
        if (number >= link->worker->run->link_count ||
            (no_self && number == link->number))
            continue;
        bench_seen_end(&link->seen[k], atomic_load(&self->published[number]),
                       &link->worker->tally);
    }
}

const struct scenario scenario_chat = {
    .name = "chat",
    .help = "rooms of users who think, speak, leave and return",
    .operation = "a delivery",
    .operations = "deliveries",
    .adjust = adjust,
    .prepare = prepare,
    .release = release,
    .held = all,
    .begin = begin,
    .turn = turn,
    .ready = ready,
    .stamped = stamped,
    .settle = settle,
};
