#include "auth/jwt_edwards.h"

#include <cjose/base64.h>
#include <cjose/util.h>
#include <openssl/err.h>
#include <openssl/evp.h>

enum { PUBLIC_BYTES = 32 };

void *jwt_edwards_new(struct bytes x)
{
    uint8_t *point = NULL;
    size_t len = 0;
    EVP_PKEY *key = NULL;
    if (cjose_base64url_decode(x.data, x.len, &point, &len, NULL) &&
        len == PUBLIC_BYTES)
        key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, point, len);
    cjose_get_dealloc()(point);
    ERR_clear_error();
    return key;
}

void *jwt_edwards_share(void *pkey)
{
    return EVP_PKEY_get_base_id(pkey) == EVP_PKEY_ED25519 &&
                   EVP_PKEY_up_ref(pkey)
               ? pkey
               : NULL;
}

void jwt_edwards_free(void *key)
{
    EVP_PKEY_free(key);
}

bool jwt_edwards_verify(void *key, struct bytes text, struct bytes signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = signature.len == JWT_EDWARDS_BYTES && context &&
              EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
              EVP_DigestVerify(context, (const uint8_t *)signature.data,
                               signature.len, (const uint8_t *)text.data,
                               text.len) == 1;
    EVP_MD_CTX_free(context);
    return ok;
}

bool jwt_edwards_sign(void *key, struct bytes text,
                      uint8_t signature[JWT_EDWARDS_BYTES])
{
    size_t len = JWT_EDWARDS_BYTES;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = context &&
              EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
              EVP_DigestSign(context, signature, &len,
                             (const uint8_t *)text.data, text.len) == 1;
    EVP_MD_CTX_free(context);
    return ok;
}
