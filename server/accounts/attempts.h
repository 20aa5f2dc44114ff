/* attempts: limits password guesses.
 *
 * Each name, such as an account (existing or not) or an address, has a bucket
 * with a minute's attempts, which refills evenly.
 *
 * Owner:   the guesses.
 * Thread:  any; under one lock.
 * Limits:  a fixed table, indexed by a seeded hash; names may share a bucket.
 * Failure: none.
 */
#ifndef PEAL_ACCOUNTS_ATTEMPTS_H
#define PEAL_ACCOUNTS_ATTEMPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct attempts;

/* `per_minute` attempts. */
struct attempts *attempts_new(uint32_t per_minute);

/* NULL is ignored. */
void attempts_free(struct attempts *attempts);

/* Takes one attempt; false if none is left. */
bool attempts_take(struct attempts *attempts, struct bytes who,
                   uint64_t now_ms);

/* Gives the attempt back: it was not a guess. */
void attempts_give_back(struct attempts *attempts, struct bytes who);

#endif
