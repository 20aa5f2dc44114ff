#include "accounts/common_passwords.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "accounts/password.h"
#include "common_passwords_data.h"

enum { FINGERPRINT_BYTES = 5 };

_Static_assert(sizeof fingerprints % FINGERPRINT_BYTES == 0, "whole ones");

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, FINGERPRINT_BYTES);
}

bool common_passwords_have(struct bytes password)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    char lower[PASSWORD_MAX];
    if (password.len > sizeof lower)
        return false;
    for (size_t i = 0; i < password.len; i++)
        lower[i] = (char)tolower((unsigned char)password.data[i]);
    bool is_hashed =
        EVP_Digest(lower, password.len, hash, NULL, EVP_sha256(), NULL) == 1;
    OPENSSL_cleanse(lower, sizeof lower);
    return is_hashed &&
           bsearch(hash, fingerprints, sizeof fingerprints / FINGERPRINT_BYTES,
                   FINGERPRINT_BYTES, compare) != NULL;
}
