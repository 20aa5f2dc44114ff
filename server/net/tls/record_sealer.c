#include "net/tls/record_sealer.h"

#include <stdlib.h>
#include <string.h>

#include <linux/tls.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/memory.h"

enum { NONCE = 12, TAG = 16, NUMBER = 8 };

struct record_sealer {
    EVP_CIPHER_CTX *cipher;
    uint64_t number;            /* of the next record */
    unsigned char first[NONCE]; /* the nonce of record 0: section 5.3 */
};

/* The fields of the kernel's structs. */
struct parts {
    const EVP_CIPHER *cipher;
    const unsigned char *key;
    struct bytes salt, iv; /* together the nonce of record 0 */
    const unsigned char *number;
};

#define PARTS_OF(type, evp)                                                    \
    static struct parts parts_of_##type(const struct tls_crypto_info *keys)    \
    {                                                                          \
        const struct tls12_crypto_info_##type *of = (const void *)keys;        \
        return (struct parts){evp(),                                           \
                              of->key,                                         \
                              {(const char *)of->salt, sizeof of->salt},       \
                              {(const char *)of->iv, sizeof of->iv},           \
                              of->rec_seq};                                    \
    }

PARTS_OF(aes_gcm_128, EVP_aes_128_gcm)
PARTS_OF(aes_gcm_256, EVP_aes_256_gcm)
PARTS_OF(chacha20_poly1305, EVP_chacha20_poly1305)

static struct parts parts_of(const struct tls_crypto_info *keys)
{
    if (keys->version != TLS_1_3_VERSION)
        return (struct parts){0};
    switch (keys->cipher_type) {
    case TLS_CIPHER_AES_GCM_128:
        return parts_of_aes_gcm_128(keys);
    case TLS_CIPHER_AES_GCM_256:
        return parts_of_aes_gcm_256(keys);
    case TLS_CIPHER_CHACHA20_POLY1305:
        return parts_of_chacha20_poly1305(keys);
    default:
        return (struct parts){0};
    }
}

static uint64_t read_number(const unsigned char *bytes)
{
    uint64_t number = 0;
    for (int i = 0; i < NUMBER; i++)
        number = number << 8 | bytes[i];
    return number;
}

struct record_sealer *record_sealer_new(const struct tls_crypto_info *keys)
{
    struct parts parts = parts_of(keys);
    if (!parts.cipher)
        return NULL;
    struct record_sealer *sealer = memory_new(1, sizeof *sealer);
    sealer->cipher = EVP_CIPHER_CTX_new();
    PANIC_IF(!sealer->cipher);
    PANIC_IF(parts.salt.len + parts.iv.len != NONCE);
    if (parts.salt.len)
        memcpy(sealer->first, parts.salt.data, parts.salt.len);
    memcpy(sealer->first + parts.salt.len, parts.iv.data, parts.iv.len);
    sealer->number = read_number(parts.number);
    PANIC_IF(EVP_EncryptInit_ex(sealer->cipher, parts.cipher, NULL, parts.key,
                                sealer->first) != 1);
    return sealer;
}

void record_sealer_free(struct record_sealer *sealer)
{
    if (!sealer)
        return;
    EVP_CIPHER_CTX_free(sealer->cipher);
    OPENSSL_cleanse(sealer, sizeof *sealer);
    free(sealer);
}

static void next_nonce(struct record_sealer *sealer, unsigned char *nonce)
{
    memcpy(nonce, sealer->first, NONCE);
    uint64_t number = sealer->number++;
    for (int i = NONCE - 1; number; i--, number >>= 8)
        nonce[i] ^= (unsigned char)number;
}

/* Encrypts in place; the tag follows. `head` is authenticated too. */
static void encrypt(struct record_sealer *sealer, const unsigned char *head,
                    unsigned char *text, int len)
{
    unsigned char nonce[NONCE];
    next_nonce(sealer, nonce);
    EVP_CIPHER_CTX *cipher = sealer->cipher;
    int done, rest;
    bool is_done =
        EVP_EncryptInit_ex(cipher, NULL, NULL, NULL, nonce) == 1 &&
        EVP_EncryptUpdate(cipher, NULL, &done, head, RECORD_HEAD) == 1 &&
        EVP_EncryptUpdate(cipher, text, &done, text, len) == 1 &&
        EVP_EncryptFinal_ex(cipher, text + done, &rest) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG, text + len) ==
            1;
    PANIC_IF(!is_done);
}

size_t record_sealer_seal(struct record_sealer *sealer, uint8_t type,
                          struct bytes plain, char *out)
{
    size_t len = plain.len + 1 + TAG;
    unsigned char *record = (unsigned char *)out;
    unsigned char *text = record + RECORD_HEAD;
    record[0] = RECORD_DATA;   /* whatever it holds */
    record[1] = record[2] = 3; /* as TLS 1.2 */
    record[3] = (unsigned char)(len >> 8);
    record[4] = (unsigned char)len;
    memcpy(text, plain.data, plain.len);
    text[plain.len] = type;
    encrypt(sealer, record, text, (int)plain.len + 1);
    return RECORD_HEAD + len;
}
