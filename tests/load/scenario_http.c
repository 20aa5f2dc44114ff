/* http: each connection repeats the same request, sending the next when the
 * response has arrived. Connections must be kept alive: a server that closes
 * one fails the run. */
#include <stdlib.h>

#include "bench_http.h"
#include "bench_worker.h"
#include "scenario.h"

static uint32_t all(const struct bench_run *run)
{
    return run->link_count;
}

static bool prepare(struct bench_run *run)
{
    for (uint32_t i = 0; i < run->link_count; i++) {
        struct bench_link *link = &run->links[i];
        size_t len = 0;
        link->script.text =
            bench_http_request(&run->options, link->target, i, &len);
        link->script.len = len;
        if (!link->script.text)
            return false;
    }
    return true;
}

static void ask(struct bench_link *link)
{
    struct bench_worker *worker = link->worker;

    if (!bench_link_is_open(link) || link->waiting)
        return;
    link->waiting = 1;
    link->due = worker->now;
    bench_link_send_raw(link, link->script.text, link->script.len);
    bench_count(&worker->counts.published, 1);
    bench_worker_claim(worker, link->due, 1);
}

static void begin(struct bench_worker *worker)
{
    struct bench_run *run = worker->run;

    worker->now = bench_now();
    for (uint32_t i = worker->id; i < run->link_count; i += run->worker_count)
        ask(&run->links[i]);
}

static void answered(struct bench_link *link, int status)
{
    struct bench_worker *worker = link->worker;

    if (status >= 400) {
        bench_count(&worker->counts.refusals, 1);
        bench_run_count_end(worker->run, BENCH_REFUSED, status);
    }
    if (!link->waiting)
        return; /* the first response, which opened the connection */
    link->waiting = 0;
    bench_worker_deliver(worker, link->due);
    if (bench_worker_has_traffic(worker))
        ask(link);
}

static void settle(struct bench_link *link)
{
    link->worker->tally.overdue += link->waiting;
}

const struct scenario scenario_http = {
    .name = "http",
    .help = "requests on persistent connections: --path, --method, --body",
    .operation = "a request",
    .operations = "requests",
    .ends_on_stall = true,
    .prepare = prepare,
    .held = all,
    .begin = begin,
    .answered = answered,
    .settle = settle,
};
