/* accounts: users with a password, and the tokens they get for it.
 *
 * What is asked goes through lanes: threads that ask the database, and threads
 * that compute passwords, which take longest and let everything else go first.
 *
 * Owner:   the server, which ends them in two steps: accounts_settle and
 *          accounts_free.
 * Thread:  accounts_submit from any.
 * Limits:  accounts.hash_queue requests wait for a password; ACCOUNTS_OPEN_MAX
 *          in all; guesses at passwords as in guesses.h.
 * Failure: every request is answered; accounts_new says why the database
 *          cannot be used.
 */
#ifndef PEAL_ACCOUNTS_ACCOUNTS_H
#define PEAL_ACCOUNTS_ACCOUNTS_H

#include "accounts/account_options.h"
#include "accounts/account_request.h"
#include "accounts/account_signer.h"
#include "base/error.h"

enum { ACCOUNTS_OPEN_MAX = 10000, ACCOUNTS_WAIT_MS = 10000 };

struct accounts;

/* The options are borrowed. */
struct accounts *accounts_new(const struct account_options *options,
                              const struct account_signer *signer,
                              struct error *error);

/* Takes the request. The answer never comes within the call. */
void accounts_submit(struct accounts *accounts,
                     struct account_request *request);

const struct account_options *accounts_options(const struct accounts *accounts);

/* Answers all that was asked. Once, when no worker's thread runs any more;
 * NULL is ignored. */
void accounts_settle(struct accounts *accounts);

/* After every worker has read its answers; NULL is ignored. */
void accounts_free(struct accounts *accounts);

#endif
