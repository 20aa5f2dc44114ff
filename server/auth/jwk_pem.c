/* OpenSSL reads the file; the key's numbers then go into a cjose key. */
#include "auth/jwk_pem.h"

#include <stdlib.h>
#include <string.h>

#include <cjose/jwk.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/memory.h"

/* Keys as text are public, or belong to a command that ends soon: nothing is
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
    return CJOSE_JWK_EC_INVALID;
}

static cjose_jwk_t *ec_from(const EVP_PKEY *key)
{
    cjose_jwk_ec_curve curve = curve_of(key);
    if (curve == CJOSE_JWK_EC_INVALID)
        return NULL;
    int width = curve == CJOSE_JWK_EC_P_256 ? 32 : 48;
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

static cjose_jwk_t *jwk_from(const EVP_PKEY *key)
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

/* Without it OpenSSL would ask at the terminal. */
static int no_passphrase(char *out, int size, int writing, void *arg)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

static EVP_PKEY *read_public(BIO *bio)
{
    EVP_PKEY *key = PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL);
    if (key)
        return key;
    (void)BIO_reset(bio);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
    key = certificate ? X509_get_pubkey(certificate) : NULL;
    X509_free(certificate);
    return key;
}

static EVP_PKEY *read_private(BIO *bio)
{
    return PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
}

static void *read_file(const char *file, EVP_PKEY *(*read)(BIO *bio),
                       const char *what, struct error *error)
{
    BIO *bio = BIO_new_file(file, "r");
    if (!bio) {
        ERR_clear_error();
        error_set(error, "%s: cannot be read", file);
        return NULL;
    }
    EVP_PKEY *key = read(bio);
    cjose_jwk_t *jwk = key ? jwk_from(key) : NULL;
    if (!key)
        error_set(error, "%s: no %s in it", file, what);
    else if (!jwk)
        error_set(error, "%s: expected an RSA, P-256 or P-384 key", file);
    EVP_PKEY_free(key);
    BIO_free(bio);
    ERR_clear_error();
    return jwk;
}

void *jwk_pem_read_public(const char *file, struct error *error)
{
    return read_file(file, read_public, "PEM public key or certificate", error);
}

void *jwk_pem_read_private(const char *file, struct error *error)
{
    return read_file(file, read_private,
                     "PEM private key (without a passphrase)", error);
}
