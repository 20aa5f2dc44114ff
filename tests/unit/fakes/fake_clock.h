/* fake_clock: an implementation of clock.h that a test controls.
 *
 * A test that uses any of these is linked with this clock instead of the real
 * one. Until the first fake_clock_stop, it shows the real time.
 *
 * Owner:   nothing is owned.
 * Thread:  any.
 * Limits:  the two clocks move together.
 * Failure: none.
 */
#ifndef FAKE_CLOCK_H
#define FAKE_CLOCK_H

#include <stdint.h>

/* The wall-clock time when the clock is stopped. */
#define FAKE_CLOCK_WALL_MS INT64_C(1700000000000)

/* Stops both clocks: the monotonic one at UNIT_CLOCK_START of the environment,
 * in milliseconds, or at a time long after a start. */
void fake_clock_stop(void);

/* Advances both clocks. */
void fake_clock_advance(uint64_t ms);

#endif
