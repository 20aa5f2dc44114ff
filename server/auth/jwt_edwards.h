/* jwt_edwards: Ed25519 keys and signatures (RFC 8032, RFC 8037), which libcjose
 * does not support.
 *
 * Owner:   the caller owns a key, an EVP_PKEY; jwt_edwards_free frees it.
 * Thread:  any; a key may be used concurrently.
 * Limits:  Ed25519 only.
 * Failure: NULL or false.
 */
#ifndef PEAL_AUTH_JWT_EDWARDS_H
#define PEAL_AUTH_JWT_EDWARDS_H

#include <stdint.h>

#include "base/bytes.h"

enum { JWT_EDWARDS_BYTES = 64 };

/* The public key of a JWK's "x", in base64url. */
void *jwt_edwards_new(struct bytes x);

/* Another reference to an EVP_PKEY; NULL if it is not an Ed25519 key. */
void *jwt_edwards_share(void *pkey);

/* NULL is ignored. */
void jwt_edwards_free(void *key);

bool jwt_edwards_verify(void *key, struct bytes text, struct bytes signature);

/* Needs a private key. */
bool jwt_edwards_sign(void *key, struct bytes text,
                      uint8_t signature[JWT_EDWARDS_BYTES]);

#endif
