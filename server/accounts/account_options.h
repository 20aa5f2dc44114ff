/* account_options: the config section `accounts`.
 *
 * Owner:   the config; borrowed by the accounts.
 * Thread:  immutable once loaded; changes need a restart.
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
    char *key_file; /* signing keys; NULL: next to the database */
    bool sign_up;   /* everyone may create an account */
    bool directory; /* signed-in users see the id and name of all users */
    uint32_t token_seconds;    /* validity of an access token */
    uint32_t login_days;       /* an unused login ends after this */
    uint32_t hash_memory_kib;  /* memory of Argon2id */
    uint32_t hash_passes;      /* iterations of Argon2id */
    uint32_t hash_threads;     /* passwords hashed concurrently */
    uint32_t hash_queue;       /* requests that wait for these threads */
    uint32_t account_attempts; /* per minute, for an account from an address */
    uint32_t address_attempts; /* per minute, from one address */
    uint32_t strangers_attempts; /* a minute, for one account from addresses
                                    where it has not signed in before */
    uint32_t connections;        /* connections to PostgreSQL */
    uint32_t timeout_ms;         /* timeout of one query */
};

/* The path of the signing keys; false if there is none. */
bool account_options_key_file(const struct account_options *options,
                              struct buffer *path);

#endif
