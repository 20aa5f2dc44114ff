/* idle: nothing is sent, the usual state of most connections. Measures how fast
 * connections open, the memory of each, and whether all are still open at the
 * end. */
#include "bench_run.h"
#include "scenario.h"

static uint32_t all(const struct bench_run *run)
{
    return run->link_count;
}

const struct scenario scenario_idle = {
    .name = "idle",
    .help = "opens connections and holds them: memory, connections per second",
    .operation = "a connection",
    .operations = "connections",
    .counts_openings = true,
    .held = all,
};
