/* fake_random: random.h with predictable numbers: 1, 2, 3, ...
 *
 * A test that uses fake_random_restart is linked with these numbers instead of
 * real ones.
 *
 * Owner:   nothing is owned.
 * Thread:  any.
 * Limits:  not random.
 * Failure: none.
 */
#ifndef FAKE_RANDOM_H
#define FAKE_RANDOM_H

/* Makes 1 the next number again. */
void fake_random_restart(void);

#endif
