#include "accounts/password.h"

#include <stdio.h>

#include <argon2.h>

#include "base/random.h"

enum { SALT_BYTES = 16, HASH_BYTES = 32, LANES = 1 };

bool password_hash(struct bytes password, const struct password_cost *cost,
                   char out[PASSWORD_HASH_MAX])
{
    char salt[SALT_BYTES];
    random_fill(salt, sizeof salt);
    return argon2id_hash_encoded(cost->passes, cost->memory_kib, LANES,
                                 password.data, password.len, salt, sizeof salt,
                                 HASH_BYTES, out,
                                 PASSWORD_HASH_MAX) == ARGON2_OK;
}

bool password_matches(struct bytes password, const char *hash)
{
    return argon2id_verify(hash, password.data, password.len) == ARGON2_OK;
}

bool password_is_outdated(const char *hash, const struct password_cost *cost)
{
    struct password_cost made;
    return sscanf(hash, "$argon2id$v=19$m=%u,t=%u,", &made.memory_kib,
                  &made.passes) != 2 ||
           made.memory_kib < cost->memory_kib || made.passes < cost->passes;
}
