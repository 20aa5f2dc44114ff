#include "hooks/hook_signature.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "base/hex.h"

static bool add(EVP_MAC_CTX *mac, struct bytes bytes)
{
    return EVP_MAC_update(mac, (const unsigned char *)bytes.data, bytes.len);
}

/* `time` may be empty: then it is no part of it. */
static bool sign(const char *secret, const char *time, struct bytes body,
                 char out[HOOK_SIGNATURE_LEN + 1])
{
    unsigned char digest[HOOK_SIGNATURE_LEN / 2];
    size_t len = 0;
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, "SHA256", 0),
        OSSL_PARAM_construct_end()};
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *mac = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
    bool is_made = mac &&
                   EVP_MAC_init(mac, (const unsigned char *)secret,
                                strlen(secret), parameters) &&
                   add(mac, bytes_of(time)) &&
                   add(mac, bytes_of(time[0] ? "." : "")) && add(mac, body) &&
                   EVP_MAC_final(mac, digest, &len, sizeof digest);
    EVP_MAC_CTX_free(mac);
    EVP_MAC_free(hmac);
    if (is_made)
        hex_encode(digest, len, out);
    return is_made;
}

bool hook_signature_make(const char *secret, const char *time,
                         struct bytes body, char out[HOOK_SIGNATURE_LEN + 1])
{
    return sign(secret, time, body, out);
}

bool hook_signature_of_body(const char *secret, struct bytes body,
                            char out[HOOK_SIGNATURE_LEN + 1])
{
    return sign(secret, "", body, out);
}
