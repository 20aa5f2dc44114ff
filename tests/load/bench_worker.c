/* The loop: follow main's phase and sample, open links, let the scenario act,
 * send queued data, and handle epoll events. */
#include "bench_worker.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "scenario.h"

enum {
    EVENTS = 512,
    BUFFER_LEAST = 1 << 20,
    LONGEST_SLEEP_NS = 20 * 1000 * 1000, /* limits the delay of phase changes */
    LONGEST_CHECK_NS = 500 * 1000 * 1000,
};

/* ---------------------------------------------------------- what is due */

static void flush_sample(struct bench_worker *self)
{
    struct bench_run *run = self->run;
    uint32_t sample = atomic_load(&run->sample);

    if (sample == self->sample)
        return;
    pthread_mutex_lock(&run->lock);
    if (run->samples[self->sample])
        histogram_merge(&run->samples[self->sample]->latency, &self->interval);
    pthread_mutex_unlock(&run->lock);
    histogram_init(&self->interval);
    self->sample = sample;
}

static void each_link(struct bench_worker *self,
                      void (*visit)(struct bench_link *link))
{
    struct bench_run *run = self->run;

    for (uint32_t i = self->id; i < run->link_count; i += run->worker_count)
        visit(&run->links[i]);
}

static void settle_link(struct bench_link *link)
{
    const struct scenario *scenario = link->worker->run->scenario;

    if (bench_link_is_open(link) && scenario->settle)
        scenario->settle(link);
    bench_link_leave(link);
}

static void enter_phase(struct bench_worker *self, enum bench_phase phase)
{
    const struct scenario *scenario = self->run->scenario;
    bool first = !bench_worker_has_traffic(self);

    self->phase = phase;
    if (bench_worker_has_traffic(self) && first && scenario->begin)
        scenario->begin(self);
    if (phase == BENCH_CLOSING)
        each_link(self, settle_link);
    if (phase == BENCH_DONE)
        each_link(self, bench_link_cut);
    atomic_store(&self->reached, phase);
}

static void follow_main(struct bench_worker *self)
{
    enum bench_phase phase = bench_run_phase(self->run);

    flush_sample(self);
    if (phase != self->phase)
        enter_phase(self, phase);
}

/* With --open-rate, each opening has a scheduled time; otherwise it is due at
 * once. */
static bool may_open(const struct bench_worker *self)
{
    const struct bench_run *run = self->run;
    uint32_t limit = atomic_load(&run->opening) / run->worker_count + 1;

    return self->next_open < atomic_load(&run->want_open) &&
           self->opening < limit && self->open_due <= self->now;
}

static void open_more(struct bench_worker *self)
{
    struct bench_run *run = self->run;
    double rate = run->options.open_rate / run->worker_count;

    self->now = bench_now();
    if (self->phase >= BENCH_FINISHING)
        return;
    while (may_open(self)) {
        uint64_t due = rate > 0 ? self->open_due : bench_now();
        bench_link_open(&run->links[self->next_open], due);
        self->next_open += run->worker_count;
        if (rate > 0)
            self->open_due += (uint64_t)(1e9 / rate);
    }
}

static void end_if_overdue(struct bench_link *link)
{
    struct bench_worker *worker = link->worker;
    double limit = worker->run->options.handshake_timeout;
    char why[64];

    if (link->state <= BENCH_LINK_DOWN || link->state >= BENCH_LINK_OPEN ||
        (double)worker->now - (double)link->begun_at < limit * 1e9)
        return;
    snprintf(why, sizeof why, "no answer within %g s", limit);
    bench_count(&worker->counts.timeouts, 1);
    bench_link_fail(link, 0, why);
}

/* Only now and then, because it checks every link. */
static void end_overdue(struct bench_worker *self)
{
    double limit = self->run->options.handshake_timeout * 1e9;
    uint64_t pause =
        limit < LONGEST_CHECK_NS ? (uint64_t)limit : LONGEST_CHECK_NS;

    if (!self->opening || self->now - self->checked_at < pause)
        return;
    self->checked_at = self->now;
    each_link(self, end_if_overdue);
}

static uint64_t take_turn(struct bench_worker *self)
{
    const struct scenario *scenario = self->run->scenario;
    uint64_t next = UINT64_MAX;

    open_more(self);
    end_overdue(self);
    if (bench_worker_has_traffic(self) && scenario->turn)
        next = scenario->turn(self);
    if (self->next_open < atomic_load(&self->run->want_open) &&
        self->run->options.open_rate > 0 && self->open_due < next)
        next = self->open_due;
    bench_worker_flush(self);
    return next;
}

/* -------------------------------------------------------------- the loop */

static void on_event(struct bench_worker *self, const struct epoll_event *event)
{
    uint64_t ignored;

    if (!event->data.ptr) {
        if (read(self->wake_fd, &ignored, sizeof ignored) < 0)
            return;
    } else {
        bench_link_on_event(event->data.ptr, event->events);
    }
    bench_worker_flush(self);
}

static void wait_and_serve(struct bench_worker *self, uint64_t until)
{
    struct epoll_event events[EVENTS];
    struct timespec sleep = {0};

    self->now = bench_now();
    if (until > self->now) {
        uint64_t left = until - self->now;
        sleep.tv_nsec = left < LONGEST_SLEEP_NS ? (long)left : LONGEST_SLEEP_NS;
    }
    int count = epoll_pwait2(self->epoll_fd, events, EVENTS, &sleep, NULL);
    self->now = bench_now();
    for (int i = 0; i < count; i++)
        on_event(self, &events[i]);
}

static void *work(void *arg)
{
    struct bench_worker *self = arg;

    prctl(PR_SET_TIMERSLACK, 1000);
    self->open_due = bench_now();
    while (self->phase != BENCH_DONE) {
        follow_main(self);
        wait_and_serve(self, take_turn(self));
    }
    return NULL;
}

/* ------------------------------------------------------------- services */

void bench_worker_flush(struct bench_worker *self)
{
    /* Flushing may fail a link, and its end may queue more data. */
    for (uint32_t i = 0; i < self->dirty_count; i++) {
        self->dirty[i]->is_dirty = false;
        bench_link_flush(self->dirty[i]);
    }
    self->dirty_count = 0;
}

void bench_worker_wake(struct bench_worker *self)
{
    uint64_t one = 1;

    if (write(self->wake_fd, &one, sizeof one) < 0)
        return; /* full: the worker is already awake */
}

uint64_t bench_worker_pause(struct bench_worker *self, double mean)
{
    double even = (double)(bench_worker_random(self) >> 11) / 9007199254740992;

    return (uint64_t)(-log(1 - even) * mean * 1e9);
}

/* ------------------------------------------------------- start and stop */

static bool make_loop(struct bench_worker *self)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

    self->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    self->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return self->epoll_fd >= 0 && self->wake_fd >= 0 &&
           epoll_ctl(self->epoll_fd, EPOLL_CTL_ADD, self->wake_fd, &event) == 0;
}

static bool make_buffers(struct bench_worker *self)
{
    size_t frame = (size_t)self->run->options.payload * 4;

    self->buffer_size = frame > BUFFER_LEAST ? frame : BUFFER_LEAST;
    self->buffer = malloc(self->buffer_size);
    self->dirty = calloc(self->run->link_count, sizeof(struct bench_link *));
    return self->buffer && self->dirty;
}

bool bench_worker_start(struct bench_worker *self, struct bench_run *run)
{
    self->run = run;
    self->next_open = self->id;
    self->random = (bench_now() + self->id) * 0x9e3779b97f4a7c15u | 1;
    bench_key_init(&self->key, self->random);
    histogram_init(&self->interval);
    histogram_init(&self->handshake);
    histogram_init(&self->lateness);
    return make_loop(self) && make_buffers(self) &&
           pthread_create(&self->thread, NULL, work, self) == 0;
}

void bench_worker_join(struct bench_worker *self)
{
    pthread_join(self->thread, NULL);
    close(self->epoll_fd);
    close(self->wake_fd);
    free(self->buffer);
    free(self->dirty);
}
