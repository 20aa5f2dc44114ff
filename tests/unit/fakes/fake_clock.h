/* fake_clock: clock.h with hands that a test moves.
 *
 * A test that names any of these is linked with this clock in place of the
 * real one. Until the first fake_clock_stop it shows the real time.
 *
 * Owner:   nothing is owned.
 * Thread:  any.
 * Limits:  the two clocks move together.
 * Failure: none.
 */
#ifndef FAKE_CLOCK_H
#define FAKE_CLOCK_H

#include <stdint.h>

/* What the wall clock shows when it is stopped. */
#define FAKE_CLOCK_WALL_MS INT64_C(1700000000000)

/* Stops both clocks: the steady one at UNIT_CLOCK_START of the environment, in
 * milliseconds, or at some time long after a start. */
void fake_clock_stop(void);

/* Moves both forward. */
void fake_clock_advance(uint64_t ms);

#endif
