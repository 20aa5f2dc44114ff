/* guesses: who may still guess a password.
 *
 * Wrong passwords are counted for each account at each address, for each
 * address, and for each account over all addresses. The last two do not hold
 * where the account has signed in before: strangers who guess, from wherever,
 * do not keep a user out who comes from a known place. What was right was no
 * guess.
 *
 * Owner:   the accounts.
 * Thread:  any.
 * Limits:  fixed tables, see attempts.h and familiar.h; of this instance alone.
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

/* Before the request is worked on: false when there have been too many. */
bool guesses_take(struct guesses *guesses, struct account_request *request,
                  uint64_t now_ms);

/* When it has its answer. */
void guesses_settle(struct guesses *guesses,
                    const struct account_request *request, uint64_t now_ms);

#endif
