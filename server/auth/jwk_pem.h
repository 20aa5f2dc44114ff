/* jwk_pem: reads keys from PEM files with OpenSSL and converts them for
 * libcjose, which cannot read PEM.
 *
 * Owner:   keys are EVP_PKEY, borrowed by the callback; the caller owns the
 *          cjose_jwk_t returned by jwk_pem_convert.
 * Thread:  any.
 * Limits:  RSA, and elliptic curves P-256, P-384 and P-521.
 * Failure: false or NULL, and the error.
 */
#ifndef PEAL_AUTH_JWK_PEM_H
#define PEAL_AUTH_JWK_PEM_H

#include <stddef.h>

#include "base/error.h"

/* Called with each key of a file and its number, from 1. A NULL key is
 * unreadable or must not be used; `why` holds the reason. */
typedef void jwk_pem_take(void *arg, size_t number, void *pkey,
                          const char *why);

/* Reads the public keys of the file and of its certificates. A certificate that
 * issued another one in the file belongs to a CA and is not used. */
bool jwk_pem_read_public(const char *file, jwk_pem_take *take, void *arg,
                         struct error *error);

/* Reads the first private key of the file, which must have no passphrase. */
bool jwk_pem_read_private(const char *file, jwk_pem_take *take, void *arg,
                          struct error *error);

/* NULL for a type that libcjose does not support. */
void *jwk_pem_convert(const void *pkey);

#endif
