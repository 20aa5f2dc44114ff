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

enum { FAKE_CLOCK_STEADY_MS = 5000000 };

/* What the wall clock shows when it is stopped. */
#define FAKE_CLOCK_WALL_MS INT64_C(1700000000000)

/* Stops both clocks at these two times. */
void fake_clock_stop(void);

/* Moves both forward. */
void fake_clock_advance(uint64_t ms);

#endif
