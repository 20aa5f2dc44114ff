/* guesses: decides whether a password attempt is allowed.
 *
 * Wrong passwords are counted for each account at each address, for each
 * address, and for each account over all addresses. The last two limits do not
 * apply to addresses from which the account has signed in before, so that
 * strangers cannot lock out a user at a familiar address. A correct password is
 * not counted.
 *
 * Owner:   the accounts.
 * Thread:  any.
 * Limits:  fixed tables, see attempts.h and familiar.h; per instance.
 * Failure: none.
 */
#ifndef PEAL_ACCOUNTS_GUESSES_H
#define PEAL_ACCOUNTS_GUESSES_H

#include "accounts/account_options.h"
#include "accounts/account_request.h"

struct guesses;

struct guesses *guesses_new(const struct account_options *options);

/* NULL is ignored. */
void guesses_free(struct guesses *guesses);

/* Call before processing the request: false if there were too many attempts. */
bool guesses_take(struct guesses *guesses, struct account_request *request,
                  uint64_t now_ms);

/* Call when it has its answer. */
void guesses_settle(struct guesses *guesses,
                    const struct account_request *request, uint64_t now_ms);

#endif
