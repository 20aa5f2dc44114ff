#include "auth/jwk_pem.h"

#include <stdlib.h>
#include <string.h>

#include <cjose/jwk.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/memory.h"

/* Keys as text are public, or used by a short-lived command, so they are not
 * wiped. */
struct number {
    uint8_t *data;
    size_t len;
};

/* The named number of a key, big-endian; `width` pads it with zeros in front
 * (0: as short as it is). Empty when the key has none. */
static struct number number_of(const EVP_PKEY *key, const char *name, int width)
{
    BIGNUM *value = NULL;
    if (!EVP_PKEY_get_bn_param(key, name, &value))
        return (struct number){0};
    int len = width ? width : BN_num_bytes(value);
    struct number number = {memory_new(1, (size_t)len), (size_t)len};
    if (BN_bn2binpad(value, number.data, len) < 0)
        number.len = 0;
    BN_clear_free(value);
    return number;
}

static cjose_jwk_t *rsa_from(const EVP_PKEY *key)
{
    static const char *const names[] = {
        OSSL_PKEY_PARAM_RSA_E,         OSSL_PKEY_PARAM_RSA_N,
        OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
        OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
        OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
    };
    enum { COUNT = sizeof names / sizeof *names };
    struct number of[COUNT];
    for (int i = 0; i < COUNT; i++)
        of[i] = number_of(key, names[i], 0);
    cjose_jwk_rsa_keyspec spec = {
        of[0].data, of[0].len, of[1].data, of[1].len, of[2].data, of[2].len,
        of[3].data, of[3].len, of[4].data, of[4].len, of[5].data, of[5].len,
        of[6].data, of[6].len, of[7].data, of[7].len,
    };
    cjose_jwk_t *jwk = cjose_jwk_create_RSA_spec(&spec, NULL);
    for (int i = 0; i < COUNT; i++)
        free(of[i].data);
    return jwk;
}

static cjose_jwk_ec_curve curve_of(const EVP_PKEY *key)
{
    char name[32];
    if (!EVP_PKEY_get_group_name(key, name, sizeof name, NULL))
        return CJOSE_JWK_EC_INVALID;
    if (strcmp(name, SN_X9_62_prime256v1) == 0)
        return CJOSE_JWK_EC_P_256;
    if (strcmp(name, SN_secp384r1) == 0)
        return CJOSE_JWK_EC_P_384;
    if (strcmp(name, SN_secp521r1) == 0)
        return CJOSE_JWK_EC_P_521;
    return CJOSE_JWK_EC_INVALID;
}

static cjose_jwk_t *ec_from(const EVP_PKEY *key)
{
    cjose_jwk_ec_curve curve = curve_of(key);
    if (curve == CJOSE_JWK_EC_INVALID)
        return NULL;
    int width = (EVP_PKEY_get_bits(key) + 7) / 8;
    struct number x = number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, width);
    struct number y = number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y, width);
    struct number d = number_of(key, OSSL_PKEY_PARAM_PRIV_KEY, width);
    cjose_jwk_ec_keyspec spec = {
        .crv = curve,
        .d = d.data,
        .dlen = d.len,
        .x = x.data,
        .xlen = x.len,
        .y = y.data,
        .ylen = y.len,
    };
    cjose_jwk_t *jwk = cjose_jwk_create_EC_spec(&spec, NULL);
    free(x.data);
    free(y.data);
    free(d.data);
    return jwk;
}

void *jwk_pem_convert(const void *key)
{
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
        return rsa_from(key);
    case EVP_PKEY_EC:
        return ec_from(key);
    default:
        return NULL;
    }
}

/* Otherwise OpenSSL would prompt at the terminal. */
static int no_passphrase(char *out, int size, int writing, void *arg)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

/* --- files --------------------------------------------------------------- */

enum { BLOCKS_MAX = 64 };

/* One block of a file; at most one of the two is set. */
struct block {
    EVP_PKEY *key;
    X509 *certificate;
};

struct blocks {
    struct block items[BLOCKS_MAX];
    size_t count;
};

/* Other blocks, such as parameters or private keys, are skipped. */
static void add_block(struct blocks *blocks, const char *name,
                      const unsigned char *data, long len)
{
    bool is_key = strcmp(name, PEM_STRING_PUBLIC) == 0;
    bool is_certificate = strcmp(name, PEM_STRING_X509) == 0 ||
                          strcmp(name, PEM_STRING_X509_OLD) == 0;
    if (blocks->count == BLOCKS_MAX || (!is_key && !is_certificate))
        return;
    blocks->items[blocks->count++] = (struct block){
        .key = is_key ? d2i_PUBKEY(NULL, &data, len) : NULL,
        .certificate = is_certificate ? d2i_X509(NULL, &data, len) : NULL,
    };
}

static void read_blocks(BIO *bio, struct blocks *blocks)
{
    char *name;
    char *header;
    unsigned char *data;
    long len;
    while (PEM_read_bio(bio, &name, &header, &data, &len)) {
        add_block(blocks, name, data, len);
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(data);
    }
}

static bool issued_another(const struct blocks *blocks, size_t at)
{
    X509 *issuer = blocks->items[at].certificate;
    for (size_t i = 0; i < blocks->count; i++) {
        X509 *other = blocks->items[i].certificate;
        if (other && i != at && X509_cmp(issuer, other) != 0 &&
            X509_check_issued(issuer, other) == X509_V_OK)
            return true;
    }
    return false;
}

static void give_block(const struct blocks *blocks, size_t at,
                       jwk_pem_take *take, void *arg)
{
    const struct block *block = &blocks->items[at];
    if (block->key) {
        take(arg, at + 1, block->key, NULL);
        return;
    }
    if (!block->certificate) {
        take(arg, at + 1, NULL, "it is malformed");
        return;
    }
    EVP_PKEY *key = X509_get_pubkey(block->certificate);
    if (issued_another(blocks, at))
        take(arg, at + 1, NULL, "a CA certificate");
    else
        take(arg, at + 1, key, key ? NULL : "it is malformed");
    EVP_PKEY_free(key);
}

static BIO *open_file(const char *file, struct error *error)
{
    BIO *bio = BIO_new_file(file, "r");
    if (!bio)
        error_set(error, "%s: cannot be read", file);
    ERR_clear_error();
    return bio;
}

bool jwk_pem_read_public(const char *file, jwk_pem_take *take, void *arg,
                         struct error *error)
{
    struct blocks blocks = {.count = 0};
    BIO *bio = open_file(file, error);
    if (!bio)
        return false;
    read_blocks(bio, &blocks);
    BIO_free(bio);
    for (size_t i = 0; i < blocks.count; i++)
        give_block(&blocks, i, take, arg);
    for (size_t i = 0; i < blocks.count; i++) {
        EVP_PKEY_free(blocks.items[i].key);
        X509_free(blocks.items[i].certificate);
    }
    ERR_clear_error();
    return blocks.count > 0 ||
           error_set(error, "%s: expected a PEM public key or certificate",
                     file);
}

bool jwk_pem_read_private(const char *file, jwk_pem_take *take, void *arg,
                          struct error *error)
{
    BIO *bio = open_file(file, error);
    if (!bio)
        return false;
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    if (key)
        take(arg, 1, key, NULL);
    else
        error_set(error, "%s: expected a PEM private key without a passphrase",
                  file);
    BIO_free(bio);
    ERR_clear_error();
    bool found = key != NULL;
    EVP_PKEY_free(key);
    return found;
}
