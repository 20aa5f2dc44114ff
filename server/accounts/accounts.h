/* accounts: users with a password, and the tokens they get for it.
 *
 * Requests go through lanes: threads that query the database, and threads with
 * lower priority that compute password hashes, which takes longest.
 *
 * Owner:   the server, which shuts them down in two steps: accounts_settle and
 *          accounts_free.
 * Thread:  accounts_submit from any.
 * Limits:  accounts.hash_queue requests wait for a password check,
 *          ACCOUNTS_OPEN_MAX in total; password guesses as in guesses.h.
 * Failure: every request is answered; accounts_new reports why the database
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

/* Takes the request. The answer never arrives within the call. */
void accounts_submit(struct accounts *accounts,
                     struct account_request *request);

const struct account_options *accounts_options(const struct accounts *accounts);

/* Answers all requests. Call once, after all worker threads have stopped; NULL
 * is ignored. */
void accounts_settle(struct accounts *accounts);

/* Call after every worker has read its answers; NULL is ignored. */
void accounts_free(struct accounts *accounts);

#endif
