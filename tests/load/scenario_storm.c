/* storm: besides --base idle connections, --connections more open at once, as
 * after a restart. The span ends when the last one is open. */
#include "bench_worker.h"
#include "scenario.h"

static uint32_t base(const struct bench_run *run)
{
    return (uint32_t)run->options.base;
}

static void unleash(struct bench_run *run)
{
    if (run->options.opening == 0)
        atomic_store(&run->opening, INT32_MAX);
    atomic_store(&run->want_open, run->link_count);
    for (uint32_t i = 0; i < run->worker_count; i++)
        bench_worker_wake(&run->workers[i]);
}

static bool is_over(struct bench_run *run)
{
    struct bench_totals totals = bench_run_totals(run);

    return totals.ready + totals.failed >= run->link_count;
}

static void ready(struct bench_link *link)
{
    if (link->worker->phase == BENCH_MEASURING)
        bench_worker_record(link->worker, link->due);
}

const struct scenario scenario_storm = {
    .name = "storm",
    .help =
        "connections open all at once, or --opening at a time, next to --base",
    .operation = "a handshake",
    .operations = "handshakes",
    .counts_openings = true,
    .held = base,
    .unleash = unleash,
    .is_over = is_over,
    .ready = ready,
};
