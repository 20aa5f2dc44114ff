/* There are two separate judgements. The verdict is about the server: did any
 * check fail? The doubt is about the measurement: are the figures reliable? A
 * run can be correct but unreliable, or wrong but precise. */
#include "bench_result.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "scenario.h"

/* Beyond these, the figure is that of the generator, or of whatever shares a
 * core. */
static const double busy_share = 0.95;
static const double waited_share = 0.03;
static const uint64_t late_ns = 1000000;
/* Below this, the span does not represent the work it claims. */
static const double covered_share = 0.99;

uint64_t bench_result_operations(const struct bench_run *run,
                                 const struct bench_totals *totals)
{
    return run->scenario->counts_openings ? totals->ready : totals->arrived;
}

double bench_result_coverage(const struct bench_result *self)
{
    return self->all.claimed
               ? (double)self->all.covered / (double)self->all.claimed
               : -1;
}

double bench_result_memory_each(const struct bench_run *run,
                                const struct bench_result *self)
{
    if (self->opened < 2 || run->options.base || self->open_server.gone ||
        self->memory_open <= self->memory_with_one)
        return 0;
    return (double)(self->memory_open - self->memory_with_one) / 1024 /
           (double)(self->opened - 1);
}

/* Appends to a sentence; parts are joined by "; ". */
__attribute__((format(printf, 4, 5))) static void
add(char *out, size_t room, size_t *at, const char *format, ...)
{
    va_list args;

    if (*at)
        *at += (size_t)snprintf(out + *at, room - *at, "; ");
    va_start(args, format);
    *at += (size_t)vsnprintf(out + *at, room - *at, format, args);
    va_end(args);
    if (*at >= room)
        *at = room - 1;
}

/* Neither open nor refused at the time limit. */
static int64_t never_opened(const struct bench_run *run,
                            const struct bench_result *self)
{
    int64_t done = (int64_t)(self->all.ready + self->all.failed);
    int64_t missing = (int64_t)atomic_load(&run->want_open) - done;

    return missing > 0 ? missing : 0;
}

/* Only idle has its operations before the span. */
static bool has_span(const struct bench_run *run)
{
    return run->scenario->unleash || run->scenario->begin ||
           run->scenario->is_over;
}

const char *bench_result_verdict(const struct bench_run *run,
                                 const struct bench_result *self, char *out,
                                 size_t room)
{
    const struct {
        int64_t count;
        const char *what;
    } checks[] = {
        {self->tally.lost, "lost"},
        {self->tally.overdue, "not come in time"},
        {self->tally.doubled, "doubled"},
        {self->tally.reordered, "out of order"},
        {self->tally.stray, "in the wrong room"},
        {(int64_t)self->all.unexpected, "unexpected closes"},
        {(int64_t)self->all.failed, "handshakes failed"},
        {(int64_t)self->all.refusals, "errors answered"},
        {never_opened(run, self), "never opened"},
    };
    size_t at = 0;

    if (self->interrupted)
        add(out, room, &at, "interrupted");
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (checks[i].count)
            add(out, room, &at, "%" PRId64 " %s", checks[i].count,
                checks[i].what);
    double covered = bench_result_coverage(self);
    if (covered >= 0 && covered < covered_share)
        add(out, room, &at,
            "the measured span holds %.2f %% of its deliveries, not 99 %%",
            covered * 100);
    if (self->stalled && !atomic_load(&run->is_hopeless))
        add(out, room, &at, "nothing came any more");
    if (atomic_load(&run->is_hopeless))
        add(out, room, &at, "ended early: a publisher was closed");
    if (!bench_result_operations(run, has_span(run) ? &self->span : &self->all))
        add(out, room, &at, "no %s at all", run->scenario->operations);
    return at ? out : NULL;
}

static bool was_late(const struct bench_result *self)
{
    return histogram_percentile(&self->lateness, 99) > late_ns;
}

static bool server_waited(const struct bench_result *self)
{
    return !self->server.gone &&
           self->server.waited > waited_share * self->seconds;
}

static bool generator_waited(const struct bench_run *run,
                             const struct bench_result *self)
{
    return self->self.waited > waited_share * self->seconds * run->worker_count;
}

bool bench_result_was_shared(const struct bench_run *run,
                             const struct bench_result *self)
{
    return server_waited(self) || generator_waited(run, self);
}

const char *bench_result_doubt(const struct bench_run *run,
                               const struct bench_result *self, char *out,
                               size_t room)
{
    double server = self->server.cpu;
    size_t at = 0;

    if (self->busiest > busy_share)
        add(out, room, &at,
            "the generator used %.0f %% of its core%s: rates may be its own",
            self->busiest * 100,
            server > busy_share * self->seconds ? ", as did the server" : "");
    if (self->server.gone)
        add(out, room, &at, "the server has ended: no figures of it");
    if (was_late(self))
        add(out, room, &at, "the generator was late: p99 %.1f ms",
            (double)histogram_percentile(&self->lateness, 99) / 1e6);
    if (server_waited(self))
        add(out, room, &at, "the server waited %.0f %% for a core",
            100 * self->server.waited / self->seconds);
    if (generator_waited(run, self))
        add(out, room, &at, "the generator waited %.0f %% for a core",
            100 * self->self.waited / self->seconds);
    return at ? out : NULL;
}
