/* echo: every connection has --depth texts in flight and sends the next one
 * when one returns; or, with --rate, texts are sent by the clock. Each
 * connection is a separate stream. */
#include <stdlib.h>

#include "bench_pace.h"
#include "bench_stamp.h"
#include "bench_worker.h"
#include "scenario.h"

enum { SENDS_A_TURN = 256 };

struct side {
    struct bench_pace pace;
    uint32_t at; /* the link that sends next */
};

struct echo {
    struct bench_seen *seen;
    struct side *sides;
};

static uint32_t all(const struct bench_run *run)
{
    return run->link_count;
}

static bool prepare(struct bench_run *run)
{
    struct echo *self = calloc(1, sizeof *self);

    if (!self)
        return false;
    run->shared = self;
    self->seen = calloc(run->link_count, sizeof *self->seen);
    self->sides = calloc(run->worker_count, sizeof *self->sides);
    if (!self->seen || !self->sides)
        return false;
    for (uint32_t i = 0; i < run->link_count; i++) {
        struct bench_link *link = &run->links[i];
        link->seen = &self->seen[i];
        bench_seen_from_start(link->seen);
        if (!bench_script_init(&link->script, &run->options, i, link->room))
            return false;
    }
    return true;
}

static void release(struct bench_run *run)
{
    struct echo *self = run->shared;

    if (!self)
        return;
    free(self->seen);
    free(self->sides);
    free(self);
}

static void send_one(struct bench_link *link, uint64_t due)
{
    if (!bench_link_is_open(link))
        return;
    bench_link_publish(link, link->number, link->sequence++, due);
    bench_worker_claim(link->worker, due, 1);
}

static struct side *side_of(const struct bench_worker *worker)
{
    struct echo *self = worker->run->shared;

    return &self->sides[worker->id];
}

static void begin(struct bench_worker *worker)
{
    struct bench_run *run = worker->run;
    const struct bench_options *options = &run->options;
    struct side *side = side_of(worker);

    side->at = worker->id;
    bench_pace_init(&side->pace, bench_now(),
                    options->rate / run->worker_count);
    if (options->rate > 0)
        return;
    for (uint32_t i = worker->id; i < run->link_count; i += run->worker_count)
        for (int64_t k = 0; k < options->depth; k++)
            send_one(&run->links[i], bench_now());
}

static struct bench_link *next_link(struct bench_worker *worker)
{
    struct bench_run *run = worker->run;
    struct side *side = side_of(worker);
    struct bench_link *link = &run->links[side->at];

    side->at += run->worker_count;
    if (side->at >= run->link_count)
        side->at = worker->id;
    return link;
}

static uint64_t turn(struct bench_worker *worker)
{
    struct side *side = side_of(worker);
    uint64_t now = bench_now();
    uint64_t due;

    for (int i = 0; i < SENDS_A_TURN; i++) {
        if (!bench_pace_take(&side->pace, now, &due))
            break;
        histogram_record(&worker->lateness, now - due);
        send_one(next_link(worker), due);
    }
    return bench_pace_next(&side->pace);
}

static void stamped(struct bench_link *link, const struct bench_stamp *stamp)
{
    struct bench_worker *worker = link->worker;

    if (stamp->stream != link->number) {
        worker->tally.stray++;
        return;
    }
    if (!bench_seen_take(link->seen, stamp->sequence, &worker->tally))
        return;
    bench_worker_deliver(worker, stamp->due);
    if (bench_worker_has_traffic(worker) && worker->run->options.rate <= 0)
        send_one(link, worker->now);
}

static void settle(struct bench_link *link)
{
    bench_seen_end(link->seen, link->sequence, &link->worker->tally);
}

const struct scenario scenario_echo = {
    .name = "echo",
    .help = "each connection sends texts and receives them back",
    .operation = "an echo",
    .operations = "echoes",
    .ends_on_stall = true,
    .prepare = prepare,
    .release = release,
    .held = all,
    .begin = begin,
    .turn = turn,
    .stamped = stamped,
    .settle = settle,
};
