/* bench_pace: points in time at a fixed rate, for an open loop.
 *
 * Owner:   embedded.
 * Thread:  its worker.
 * Limits:  none; it never skips a point, however late the call.
 * Failure: none; with a rate of 0, nothing is ever due.
 */
#ifndef PEAL_BENCH_PACE_H
#define PEAL_BENCH_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct bench_pace {
    double next; /* ns; a double, so that fractional rates do not drift */
    double step;
};

static inline void bench_pace_init(struct bench_pace *self, uint64_t now,
                                   double rate)
{
    self->step = rate > 0 ? 1e9 / rate : 0;
    self->next = (double)now + self->step;
}

/* The next point in time, UINT64_MAX if there is none. */
static inline uint64_t bench_pace_next(const struct bench_pace *self)
{
    return self->step > 0 ? (uint64_t)self->next : UINT64_MAX;
}

/* True if a point in time has been reached; `due` is the scheduled time. */
static inline bool bench_pace_take(struct bench_pace *self, uint64_t now,
                                   uint64_t *due)
{
    *due = bench_pace_next(self);
    if (*due > now)
        return false;
    self->next += self->step;
    return true;
}

#endif
