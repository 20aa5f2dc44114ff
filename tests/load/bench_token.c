/* RFC 7519 with one algorithm, sufficient for a load test. */
#include "bench_token.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* {"alg":"HS256","typ":"JWT"} */
static const char header[] = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.";

size_t bench_token_base64url(const unsigned char *data, size_t len, char *out)
{
    size_t written = 0;

    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        uint32_t group = (uint32_t)data[i] << 16;
        if (left > 1)
            group |= (uint32_t)data[i + 1] << 8;
        if (left > 2)
            group |= data[i + 2];
        for (size_t k = 0; k < (left > 2 ? 4 : left + 1); k++)
            out[written++] = alphabet[group >> (18 - 6 * k) & 63];
    }
    return written;
}

static size_t sign(const char *secret, const char *text, size_t len, char *out)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int mac_len = 0;

    HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)text,
         len, mac, &mac_len);
    return bench_token_base64url(mac, mac_len, out);
}

bool bench_token_make(const char *secret, const char *sub, int64_t expires,
                      char out[BENCH_TOKEN_MAX])
{
    char claims[BENCH_TOKEN_MAX / 2];

    int len = snprintf(claims, sizeof claims,
                       "{\"sub\":\"%s\",\"exp\":%" PRId64 "}", sub, expires);
    if (len < 0 || (size_t)len >= sizeof claims)
        return false;

    size_t at = sizeof header - 1;
    memcpy(out, header, at);
    at += bench_token_base64url((unsigned char *)claims, (size_t)len, out + at);
    size_t signed_len = at;
    out[at++] = '.';
    at += sign(secret, out, signed_len, out + at);
    out[at] = '\0';
    return true;
}
