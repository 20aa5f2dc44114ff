/* jwk_pem: PEM files as libcjose's keys, which has no reader for them.
 *
 * Owner:   the caller owns the key returned, a cjose_jwk_t.
 * Thread:  any.
 * Limits:  RSA, and elliptic curves P-256 and P-384.
 * Failure: NULL, and what is wrong with the file.
 */
#ifndef PEAL_AUTH_JWK_PEM_H
#define PEAL_AUTH_JWK_PEM_H

#include "base/error.h"

/* The first public key of the file, or that of its first certificate. */
void *jwk_pem_read_public(const char *file, struct error *error);

/* The first private key of the file; it must not need a passphrase. */
void *jwk_pem_read_private(const char *file, struct error *error);

#endif
