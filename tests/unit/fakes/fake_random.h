/* fake_random: random.h with numbers known beforehand: 1, 2, 3, ...
 *
 * A test that names fake_random_restart is linked with these numbers in place
 * of real ones.
 *
 * Owner:   nothing is owned.
 * Thread:  any.
 * Limits:  anybody can guess them.
 * Failure: none.
 */
#ifndef FAKE_RANDOM_H
#define FAKE_RANDOM_H

/* The next number is 1 again. */
void fake_random_restart(void);

#endif
