/* account_signer: makes the access tokens of accounts; the server's, as the
 * accounts know nothing of signatures.
 *
 * Owner:   the server; the accounts copy the struct.
 * Thread:  called on the accounts' threads, several at a time.
 * Limits:  none.
 * Failure: false; the request is then answered as unavailable.
 */
#ifndef PEAL_ACCOUNTS_ACCOUNT_SIGNER_H
#define PEAL_ACCOUNTS_ACCOUNT_SIGNER_H

#include "accounts/account.h"
#include "base/buffer.h"

struct account_signer {
    bool (*sign)(void *arg, const struct account *account, struct buffer *out);
    void *arg;
};

#endif
