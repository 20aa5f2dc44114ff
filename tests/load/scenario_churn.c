/* churn: besides --base idle connections, --opening connections open and close
 * repeatedly: as fast as the server allows, or by the clock with --rate, with
 * each handshake timed from its scheduled time. --connections limits how many
 * can be open at once because of --hold. */
#include <stdlib.h>

#include "bench_alarm.h"
#include "bench_pace.h"
#include "bench_worker.h"
#include "scenario.h"

enum { OPENS_A_TURN = 16 };

/* The state of one thread. */
struct side {
    struct bench_link **resting; /* down, may be opened */
    uint32_t resting_count;
    struct bench_alarm alarm; /* open, waiting for the end of --hold */
    struct bench_pace pace;
};

static uint32_t base(const struct bench_run *run)
{
    return (uint32_t)run->options.base;
}

static struct side *side_of(const struct bench_worker *worker)
{
    struct side *sides = worker->run->shared;

    return &sides[worker->id];
}

static bool prepare(struct bench_run *run)
{
    struct side *sides = calloc(run->worker_count, sizeof *sides);

    run->shared = sides;
    for (uint32_t i = 0; sides && i < run->worker_count; i++) {
        struct side *side = &sides[i];
        side->resting = calloc(run->link_count, sizeof(struct bench_link *));
        if (!side->resting || !bench_alarm_init(&side->alarm, run->link_count))
            return false;
    }
    return sides;
}

static void release(struct bench_run *run)
{
    struct side *sides = run->shared;

    for (uint32_t i = 0; sides && i < run->worker_count; i++) {
        free(sides[i].resting);
        bench_alarm_deinit(&sides[i].alarm);
    }
    free(sides);
}

static void begin(struct bench_worker *worker)
{
    struct bench_run *run = worker->run;
    struct side *side = side_of(worker);

    bench_pace_init(&side->pace, bench_now(),
                    run->options.rate / run->worker_count);
    for (uint32_t i = 0; i < run->link_count; i++)
        if (i >= base(run) && run->links[i].worker == worker)
            side->resting[side->resting_count++] = &run->links[i];
}

/* True if another connection should be opened now; sets its scheduled time. */
static bool should_open(struct bench_worker *worker, uint64_t now,
                        uint64_t *due)
{
    struct bench_run *run = worker->run;
    struct side *side = side_of(worker);
    uint32_t limit = atomic_load(&run->opening) / run->worker_count + 1;

    *due = now;
    if (side->resting_count == 0 || worker->opening >= limit)
        return false;
    return run->options.rate <= 0 || bench_pace_take(&side->pace, now, due);
}

/* A link in the heap stays there even if the server closes it early. */
static void end_hold(struct side *side, struct bench_link *link)
{
    link->waiting = 0;
    if (link->state == BENCH_LINK_DOWN)
        side->resting[side->resting_count++] = link;
    else
        bench_link_leave(link);
}

static uint64_t turn(struct bench_worker *worker)
{
    struct side *side = side_of(worker);
    struct bench_link *link;
    uint64_t now = bench_now();
    uint64_t due;

    while ((link = bench_alarm_take(&side->alarm, now)))
        end_hold(side, link);
    for (int i = 0; i < OPENS_A_TURN && should_open(worker, now, &due); i++) {
        if (worker->run->options.rate > 0)
            histogram_record(&worker->lateness, now - due);
        bench_link_open(side->resting[--side->resting_count], due);
    }
    uint64_t next = bench_alarm_next(&side->alarm);
    uint64_t paced = side->resting_count ? bench_pace_next(&side->pace) : next;
    return paced < next ? paced : next;
}

static void ready(struct bench_link *link)
{
    struct bench_worker *worker = link->worker;
    double hold = worker->run->options.hold;

    if (link->number < base(worker->run))
        return;
    bench_worker_record(worker, link->due);
    if (hold <= 0) {
        bench_link_leave(link);
        return;
    }
    link->waiting = 1;
    bench_alarm_set(&side_of(worker)->alarm, link,
                    worker->now + (uint64_t)(hold * 1e9));
}

static void closed(struct bench_link *link)
{
    struct side *side = side_of(link->worker);

    if (link->number >= base(link->worker->run) && !link->waiting)
        side->resting[side->resting_count++] = link;
}

const struct scenario scenario_churn = {
    .name = "churn",
    .help = "connections open and close, next to --base idle ones",
    .operation = "an opening and closing",
    .operations = "openings and closings",
    .counts_openings = true,
    .closes = true,
    .prepare = prepare,
    .release = release,
    .held = base,
    .begin = begin,
    .turn = turn,
    .ready = ready,
    .closed = closed,
};
