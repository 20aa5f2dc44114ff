/* jwk_pem: the keys in PEM files, read by OpenSSL; and those as libcjose's
 * keys, which has no reader for them.
 *
 * Owner:   keys are EVP_PKEY, lent to the function that is given them; the
 *          caller owns what jwk_pem_convert returns, a cjose_jwk_t.
 * Thread:  any.
 * Limits:  RSA, and elliptic curves P-256, P-384 and P-521.
 * Failure: false or NULL, and what is wrong with the file.
 */
#ifndef PEAL_AUTH_JWK_PEM_H
#define PEAL_AUTH_JWK_PEM_H

#include <stddef.h>

#include "base/error.h"

/* Is given each key of a file with its number among them, from 1. NULL for a
 * key: it cannot be read, or is not to be used, and why. */
typedef void jwk_pem_take(void *arg, size_t number, void *pkey,
                          const char *why);

/* The public keys of the file and those of its certificates. A certificate
 * that issued another one in the file belongs to a CA and is not to be used. */
bool jwk_pem_read_public(const char *file, jwk_pem_take *take, void *arg,
                         struct error *error);

/* The first private key of the file; it must not need a passphrase. */
bool jwk_pem_read_private(const char *file, jwk_pem_take *take, void *arg,
                          struct error *error);

/* NULL for a kind that libcjose does not know. */
void *jwk_pem_convert(const void *pkey);

#endif
