/* clock: wall-clock time and monotonic time.
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

/* Milliseconds since 1970 (UTC): for values that leave the process. */
int64_t clock_wall_ms(void);

/* Milliseconds since an arbitrary start: for durations and time-outs. Never 0,
 * which often means "no time". */
uint64_t clock_steady_ms(void);

/* The same clock in nanoseconds. */
uint64_t clock_steady_ns(void);

/* The time that many seconds earlier; 0 if the clock has not run that long. */
static inline uint64_t clock_before(uint64_t now_ms, uint64_t seconds)
{
    return now_ms > seconds * 1000 ? now_ms - seconds * 1000 : 0;
}

/* The time between two readings of one clock; 0 if `since` is later. Use it to
 * compare times, because an unsigned difference would wrap around. */
static inline uint64_t clock_elapsed(uint64_t now, uint64_t since)
{
    return now > since ? now - since : 0;
}

/* CPU time used by the calling thread, or the process. */
uint64_t clock_thread_ns(void);
uint64_t clock_process_ns(void);

#endif
