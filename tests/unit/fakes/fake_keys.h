/* fake_keys: key sets for the tokens of fake_token.
 *
 * Owner:   the caller frees a set with jwk_set_deinit.
 * Thread:  any.
 * Limits:  none.
 * Failure: ends the test.
 */
#ifndef FAKE_KEYS_H
#define FAKE_KEYS_H

#include "auth/jwk.h"

/* Only FAKE_TOKEN_SECRET. */
struct jwk_set fake_keys_secret(void);

/* The secret, and a public key of each kind, as from separate files. */
struct jwk_set fake_keys_all(void);

/* Adds a PEM file of the data folder. */
void fake_keys_add_pem(struct jwk_set *keys, const char *name);

/* Adds a key set of the data folder. */
void fake_keys_add_jwks(struct jwk_set *keys, const char *name);

#endif
