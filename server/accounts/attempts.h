/* attempts: how often somebody may still guess a password.
 *
 * Each one who is named, say an account, whether it exists or not, or an
 * address, has a bucket of a minute's attempts, which fills again evenly.
 *
 * Owner:   the guesses.
 * Thread:  any; under one lock.
 * Limits:  a fixed table, whose places are shared by a seeded hash.
 * Failure: none.
 */
#ifndef PEAL_ACCOUNTS_ATTEMPTS_H
#define PEAL_ACCOUNTS_ATTEMPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct attempts;

/* So many a minute. */
struct attempts *attempts_new(uint32_t per_minute);

/* NULL is ignored. */
void attempts_free(struct attempts *attempts);

/* Takes one; false when there is none left. */
bool attempts_take(struct attempts *attempts, struct bytes who,
                   uint64_t now_ms);

/* It was no guess. */
void attempts_give_back(struct attempts *attempts, struct bytes who);

#endif
