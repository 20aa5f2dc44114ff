/* idle: nothing happens, which is what most connections do most of the
 * time. What is asked: how fast they open, what each costs in memory, and
 * whether all are still there at the end. */
#include "bench_run.h"
#include "scenario.h"

static uint32_t all(const struct bench_run *run)
{
    return run->link_count;
}

const struct scenario scenario_idle = {
    .name = "idle",
    .help = "opens connections and holds them: memory, rate of opening",
    .operation = "a connection",
    .operations = "connections",
    .counts_openings = true,
    .held = all,
};
