/* account_options: what the config says about accounts.
 *
 * Owner:   the config; borrowed by the accounts.
 * Thread:  immutable once loaded; a reload takes a restart.
 * Limits:  ranges are in the table of keys.
 * Failure: none.
 */
#ifndef PEAL_ACCOUNTS_ACCOUNT_OPTIONS_H
#define PEAL_ACCOUNTS_ACCOUNT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

struct account_options {
    char *url;      /* sqlite:///path or postgresql://...; NULL: off */
    char *key_file; /* the keys that sign; NULL: beside the database */
    bool sign_up;   /* anybody may create an account */
    bool directory; /* signed-in users see the id and name of all users */
    uint32_t token_seconds;      /* how long an access token is good */
    uint32_t login_days;         /* a login that is not used ends */
    uint32_t hash_memory_kib;    /* of Argon2id */
    uint32_t hash_passes;        /* its iterations */
    uint32_t hash_threads;       /* passwords hashed at the same time */
    uint32_t hash_queue;         /* requests that wait for one of these */
    uint32_t account_attempts;   /* a minute, for an account from an address */
    uint32_t address_attempts;   /* a minute, from one address */
    uint32_t strangers_attempts; /* a minute, for one account from addresses
                                    where it has not signed in before */
    uint32_t connections;        /* to PostgreSQL */
    uint32_t timeout_ms;         /* of one question to the database */
};

/* Where the keys that sign lie; false when nothing says so. */
bool account_options_key_file(const struct account_options *options,
                              struct buffer *path);

#endif
