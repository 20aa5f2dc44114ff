/* bench_pace: moments at a fixed rate: the clock of an open loop.
 *
 * Owner:   embedded.
 * Thread:  its worker.
 * Limits:  none; it never skips a moment, however late it is asked.
 * Failure: none; a rate of 0 is never due.
 */
#ifndef PEAL_BENCH_PACE_H
#define PEAL_BENCH_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct bench_pace {
    double next; /* ns; a double, so that odd rates do not drift */
    double step;
};

static inline void bench_pace_init(struct bench_pace *self, uint64_t now,
                                   double rate)
{
    self->step = rate > 0 ? 1e9 / rate : 0;
    self->next = (double)now + self->step;
}

/* The next moment, UINT64_MAX when there is none. */
static inline uint64_t bench_pace_next(const struct bench_pace *self)
{
    return self->step > 0 ? (uint64_t)self->next : UINT64_MAX;
}

/* True when a moment has come; `due` is when it should have been used. */
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
