#include "protocols/pusher/pusher_signature.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/hex.h"

static bool same_digits(const unsigned char *digest, size_t len,
                        struct bytes digits)
{
    char text[2 * EVP_MAX_MD_SIZE + 1];
    hex_encode(digest, len, text);
    return digits.len == 2 * len &&
           CRYPTO_memcmp(text, digits.data, digits.len) == 0;
}

bool pusher_signature_is(const char *secret, const struct bytes *parts,
                         size_t count, struct bytes signature)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    size_t len = 0;
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                         (char *)"SHA256", 0),
        OSSL_PARAM_construct_end()};
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *mac = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
    bool ok = mac && EVP_MAC_init(mac, (const unsigned char *)secret,
                                  strlen(secret), parameters);
    for (size_t i = 0; ok && i < count; i++)
        ok = !parts[i].len ||
             EVP_MAC_update(mac, (const unsigned char *)parts[i].data,
                            parts[i].len);
    ok = ok && EVP_MAC_final(mac, digest, &len, sizeof digest);
    EVP_MAC_CTX_free(mac);
    EVP_MAC_free(hmac);
    return ok && same_digits(digest, len, signature);
}

/* Removes the key and the colon. */
static bool take_key(const char *key, struct bytes *auth)
{
    size_t len = strlen(key);
    if (auth->len <= len || memcmp(auth->data, key, len) != 0 ||
        auth->data[len] != ':')
        return false;
    *auth = bytes_skip(*auth, len + 1);
    return true;
}

bool pusher_auth_is_good(const char *key, const char *secret,
                         const char *socket_id, struct bytes channel,
                         struct bytes data, struct bytes auth)
{
    const struct bytes colon = BYTES_LITERAL(":");
    const struct bytes parts[] = {bytes_of(socket_id), colon, channel,
                                  data.len ? colon : data, data};
    return take_key(key, &auth) &&
           pusher_signature_is(secret, parts, sizeof parts / sizeof *parts,
                               auth);
}

bool pusher_signin_is_good(const char *key, const char *secret,
                           const char *socket_id, struct bytes data,
                           struct bytes auth)
{
    const struct bytes parts[] = {bytes_of(socket_id),
                                  BYTES_LITERAL("::user::"), data};
    return take_key(key, &auth) &&
           pusher_signature_is(secret, parts, sizeof parts / sizeof *parts,
                               auth);
}

bool pusher_md5_is(struct bytes body, struct bytes digits)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    return EVP_Digest(body.data, body.len, digest, &len, EVP_md5(), NULL) &&
           same_digits(digest, len, digits);
}
