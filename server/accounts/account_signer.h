/* account_signer: signs access tokens for accounts. The server provides it,
 * because accounts/ does not depend on auth/.
 *
 * Owner:   the server; the accounts copy the struct.
 * Thread:  called on the accounts' threads, several at a time.
 * Limits:  none.
 * Failure: false; the request then fails as unavailable.
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
