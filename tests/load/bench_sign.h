/* bench_sign: how Pusher's private channels are signed.
 *
 * Owner:   the caller has the room.
 * Thread:  any.
 * Limits:  BENCH_SIGN_MAX bytes.
 * Failure: false where the text has no socket id.
 */
#ifndef PEAL_BENCH_SIGN_H
#define PEAL_BENCH_SIGN_H

#include <stdbool.h>
#include <stddef.h>

enum { BENCH_SIGN_MAX = 65 };

/* How the server's first text begins. */
#define BENCH_SIGN_TEXT "{\"event\":\"pusher:connection_established\""

/* Of <socket id in the text>:<channel>, in hexadecimal digits, NUL-terminated.
 */
bool bench_sign_make(const char *secret, const char *text, size_t len,
                     const char *channel, char out[BENCH_SIGN_MAX]);

#endif
