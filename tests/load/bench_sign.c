#include "bench_sign.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

/* The id as it appears in JSON within a text. */
static size_t find_socket(const char *text, size_t len, const char **id)
{
    static const char before[] = "socket_id\\\":\\\"";
    const char *at = memmem(text, len, before, sizeof before - 1);

    if (!at)
        return 0;
    *id = at + sizeof before - 1;
    const char *end = memchr(*id, '\\', (size_t)(text + len - *id));
    return end ? (size_t)(end - *id) : 0;
}

bool bench_sign_make(const char *secret, const char *text, size_t len,
                     const char *channel, char out[BENCH_SIGN_MAX])
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int mac_len = 0;
    char signed_text[512];
    const char *id = NULL;
    size_t id_len = find_socket(text, len, &id);

    if (!id_len || id_len > 64)
        return false;
    int made = snprintf(signed_text, sizeof signed_text, "%.*s:%s", (int)id_len,
                        id, channel);
    HMAC(EVP_sha256(), secret, (int)strlen(secret),
         (const unsigned char *)signed_text, (size_t)made, mac, &mac_len);
    for (unsigned int i = 0; i < mac_len; i++)
        snprintf(out + 2 * i, 3, "%02x", mac[i]);
    return mac_len == (BENCH_SIGN_MAX - 1) / 2;
}
