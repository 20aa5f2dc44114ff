#include "fake_clock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

static _Atomic uint64_t moved_ms;
static uint64_t start_ms;
static atomic_bool is_stopped;

static int64_t read_ms(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void fake_clock_stop(void)
{
    const char *start = getenv("UNIT_CLOCK_START");
    start_ms = start ? strtoull(start, NULL, 10) : 5000000;
    is_stopped = true;
    moved_ms = 0;
}

void fake_clock_advance(uint64_t ms)
{
    moved_ms += ms;
}

int64_t clock_wall_ms(void)
{
    if (!is_stopped)
        return read_ms(CLOCK_REALTIME);
    return FAKE_CLOCK_WALL_MS + (int64_t)moved_ms;
}

uint64_t clock_steady_ms(void)
{
    if (!is_stopped)
        return (uint64_t)read_ms(CLOCK_MONOTONIC);
    return start_ms + moved_ms;
}

uint64_t clock_steady_ns(void)
{
    return clock_steady_ms() * 1000000;
}

uint64_t clock_thread_ns(void)
{
    return clock_steady_ns();
}

uint64_t clock_process_ns(void)
{
    return clock_steady_ns();
}
