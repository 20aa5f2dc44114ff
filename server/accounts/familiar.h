/* familiar: the addresses from which accounts have recently signed in.
 *
 * Owner:   the guesses.
 * Thread:  any; under one lock.
 * Limits:  a fixed table with a seeded hash; of two pairs that share a place,
 *          the newer one is kept. Entries expire after FAMILIAR_DAYS.
 * Failure: none.
 */
#ifndef PEAL_ACCOUNTS_FAMILIAR_H
#define PEAL_ACCOUNTS_FAMILIAR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

enum { FAMILIAR_DAYS = 30 };

struct familiar;

struct familiar *familiar_new(void);

/* NULL is ignored. */
void familiar_free(struct familiar *familiar);

/* `pair`: the account and the address. */
void familiar_note(struct familiar *familiar, struct bytes pair,
                   uint64_t now_ms);

bool familiar_has(struct familiar *familiar, struct bytes pair,
                  uint64_t now_ms);

#endif
