/* bench_token: the JWT of each connection (HS256).
 *
 * Owner:   written into the caller's buffer.
 * Thread:  any; no state.
 * Limits:  BENCH_TOKEN_MAX bytes; a longer sub is refused.
 * Failure: false if it does not fit.
 */
#ifndef PEAL_BENCH_TOKEN_H
#define PEAL_BENCH_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BENCH_TOKEN_MAX = 512 };

/* Writes header.claims.signature with sub and exp, NUL-terminated. */
bool bench_token_make(const char *secret, const char *sub, int64_t expires,
                      char out[BENCH_TOKEN_MAX]);

/* Base64 with the URL alphabet, without padding; returns the length. `out`
 * needs 4 bytes for every 3. */
size_t bench_token_base64url(const unsigned char *data, size_t len, char *out);

#endif
