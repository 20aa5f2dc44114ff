/* bench_sign: the signature of Pusher's private channels.
 *
 * Owner:   the caller provides the buffer.
 * Thread:  any.
 * Limits:  BENCH_SIGN_MAX bytes.
 * Failure: false if the text has no socket id.
 */
#ifndef PEAL_BENCH_SIGN_H
#define PEAL_BENCH_SIGN_H

#include <stdbool.h>
#include <stddef.h>

enum { BENCH_SIGN_MAX = 65 };

/* The start of the server's first text. */
#define BENCH_SIGN_TEXT "{\"event\":\"pusher:connection_established\""

/* Signs <socket id in the text>:<channel>; hexadecimal, NUL-terminated. */
bool bench_sign_make(const char *secret, const char *text, size_t len,
                     const char *channel, char out[BENCH_SIGN_MAX]);

#endif
