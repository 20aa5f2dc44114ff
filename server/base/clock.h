/* clock: what time it is, for people and for measuring.
 *
 * Owner:   nothing is owned.
 * Thread:  any.
 * Limits:  the monotonic clock never jumps; the wall clock may. Either may be
 *          near 0: a machine, or a container, may have started just now.
 * Failure: none.
 */
#ifndef PEAL_BASE_CLOCK_H
#define PEAL_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds since 1970 (UTC): for what leaves the process. */
int64_t clock_wall_ms(void);

/* Milliseconds since some start: for durations and time-outs. Never 0, which
 * stands for no time in many places. */
uint64_t clock_steady_ms(void);

/* The same clock in nanoseconds. */
uint64_t clock_steady_ns(void);

/* The time so many seconds before; 0 where the clock has not run so long. */
static inline uint64_t clock_before(uint64_t now_ms, uint64_t seconds)
{
    return now_ms > seconds * 1000 ? now_ms - seconds * 1000 : 0;
}

/* How much time lies between two readings of one clock: 0 if `since` is the
 * later one. Times are compared by this, since a difference of unsigned times
 * that is less than nothing is nearly for ever. */
static inline uint64_t clock_elapsed(uint64_t now, uint64_t since)
{
    return now > since ? now - since : 0;
}

/* CPU time that the calling thread, or the process, has used. */
uint64_t clock_thread_ns(void);
uint64_t clock_process_ns(void);

#endif
