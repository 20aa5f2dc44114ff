#include "net/drain.h"

#include "base/clock.h"
#include "base/loop.h"
#include "messaging/turn.h"
#include "net/listen/listener.h"
#include "net/reactor.h"

enum { DRAIN_STEP_MS = 100 };

static uint32_t open_connections(const struct reactor *reactor)
{
    return (uint32_t)atomic_load(
        &reactor->worker.metrics.cells[METRIC_CONNECTIONS]);
}

enum {
    DRAIN_STEPS_A_SECOND = 1000 / DRAIN_STEP_MS,
    KEPT_STEPS = 10,  /* for idle connections: busy ones end themselves */
    LINGER_STEPS = 50 /* for closing handshakes and full outboxes */
};

static uint32_t drain_steps(const struct reactor *reactor)
{
    return reactor->net->options.drain_seconds * DRAIN_STEPS_A_SECOND;
}

/* Whether ending now would lose something. With a successor on the same port,
 * sockets accepted before are still served. */
static bool is_in_use(const struct reactor *reactor)
{
    if (open_connections(reactor) || reactor->asking.first)
        return true;
    if (!reactor->net->has_successor)
        return false;
    uint32_t kept_steps = drain_steps(reactor) + KEPT_STEPS;
    return reactor->fresh.first || reactor->proxied.first ||
           ((reactor->kept.first || reactor->blocked.first) &&
            reactor->drain_step <= kept_steps);
}

/* The share of connections asked to close equals the share of time passed, so
 * that reconnects are spread evenly. The clock counts, since a busy machine
 * skips steps; what they missed is made up for over several. */
static uint32_t due_at(const struct reactor *reactor, uint32_t step,
                       uint32_t steps)
{
    enum { SHARES_A_STEP = 2 };
    if (step >= steps)
        return UINT32_MAX; /* finally all, including late ones */
    uint64_t due = (uint64_t)reactor->drain_total * step + steps - 1;
    uint32_t missing = (uint32_t)(due / steps) - reactor->drain_asked;
    uint32_t most = SHARES_A_STEP * (reactor->drain_total / steps + 1);
    return missing < most ? missing : most;
}

static void on_drain_step(void *arg)
{
    struct reactor *reactor = arg;
    uint32_t steps = drain_steps(reactor);
    uint64_t passed_ms =
        clock_elapsed(clock_steady_ms(), reactor->drain_began_ms);
    uint32_t step = reactor->drain_step =
        1 + (uint32_t)((passed_ms + DRAIN_STEP_MS / 2) / DRAIN_STEP_MS);
    if (!is_in_use(reactor) || step > steps + LINGER_STEPS) {
        reactor_end(reactor);
        return;
    }
    reactor->drain_asked += worker_close_some(
        &reactor->worker, due_at(reactor, step, steps), CLOSE_RESTART);
}

static void drain_here(void *subject, void *object)
{
    (void)object;
    struct reactor *reactor = subject;
    /* keep administration until the end */
    if (reactor->net->has_successor)
        listener_free_all(reactor);
    else
        listener_free_public(reactor);
    reactor->worker.is_draining = true;
    reactor->drain_total = open_connections(reactor);
    reactor->drain_began_ms = clock_steady_ms();
    reactor->drain =
        loop_timer_new(reactor->loop, 0, DRAIN_STEP_MS, on_drain_step, reactor);
}

void drain_begin(struct reactor *reactor)
{
    inbox_post(&reactor->worker.inbox,
               (struct inbox_item){drain_here, reactor, NULL});
    loop_wake(reactor->loop);
}
