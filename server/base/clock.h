/* clock: what time it is, for people and for measuring.
 *
 * Owner:   nothing is owned.
 * Thread:  any.
 * Limits:  the monotonic clock never jumps; the wall clock may.
 * Failure: none.
 */
#ifndef PEAL_BASE_CLOCK_H
#define PEAL_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds since 1970 (UTC): for what leaves the process. */
int64_t clock_wall_ms(void);

/* Milliseconds since some start: for durations and time-outs. */
uint64_t clock_steady_ms(void);

/* The same clock in nanoseconds. */
uint64_t clock_steady_ns(void);

/* CPU time that the calling thread, or the process, has used. */
uint64_t clock_thread_ns(void);
uint64_t clock_process_ns(void);

#endif
