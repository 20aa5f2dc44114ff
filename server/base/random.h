/* random: unguessable numbers.
 *
 * Owner:   nothing is owned.
 * Thread:  any.
 * Limits:  none.
 * Failure: ends the process if the kernel's source fails: guessable tickets,
 *          epochs and hash seeds are worse than no service.
 */
#ifndef PEAL_BASE_RANDOM_H
#define PEAL_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void random_fill(void *out, size_t len);

uint64_t random_uint64(void);

#endif
