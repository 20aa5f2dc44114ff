/* api_accounts: the services that account routes need from the server.
 *
 * Owner:   the server; the api borrows it.
 * Thread:  judge and publish are called on any worker's thread.
 * Limits:  see accounts.h.
 * Failure: judge returns false.
 */
#ifndef PEAL_API_API_ACCOUNTS_H
#define PEAL_API_API_ACCOUNTS_H

#include "accounts/account.h"
#include "base/buffer.h"

struct accounts;

/* Services for account routes. */
struct api_accounts {
    struct accounts *accounts;
    /* whether an access token is valid, and whose */
    bool (*judge)(void *arg, struct bytes token, char id[ACCOUNT_ID_LEN + 1],
                  uint32_t *generation);
    /* writes the JSON Web Key Set that verifies access tokens */
    void (*publish)(void *arg, struct buffer *out);
    void *arg;
    uint32_t token_seconds; /* until all current tokens have expired */
};

#endif
