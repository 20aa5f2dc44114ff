/* password: Argon2id (libargon2), kept as PHC strings such as
 * $argon2id$v=19$m=65536,t=3,p=1$<salt>$<hash>.
 *
 * Owner:   the caller owns what it passes.
 * Thread:  any; each call takes the configured memory and some hundredths of a
 *          second, so it must not run on worker threads.
 * Limits:  PASSWORD_MIN to PASSWORD_MAX bytes; the cost's floor is enforced by
 *          the table of config keys.
 * Failure: false. An unreadable stored hash matches no password.
 */
#ifndef PEAL_ACCOUNTS_PASSWORD_H
#define PEAL_ACCOUNTS_PASSWORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

enum {
    PASSWORD_MIN = 8,
    PASSWORD_MAX = 1024,
    PASSWORD_HASH_MAX = 160, /* with the terminating zero */
    /* minimum recommended by OWASP */
    PASSWORD_MEMORY_KIB_MIN = 19456,
    PASSWORD_PASSES_MIN = 2
};

struct password_cost {
    uint32_t memory_kib;
    uint32_t passes;
};

/* Hashes with a fresh random salt. */
bool password_hash(struct bytes password, const struct password_cost *cost,
                   char out[PASSWORD_HASH_MAX]);

/* Compares in constant time. */
bool password_matches(struct bytes password, const char *hash);

/* Whether a hash has a lower cost than the current one. */
bool password_is_outdated(const char *hash, const struct password_cost *cost);

#endif
