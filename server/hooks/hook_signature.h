/* hook_signature: signs calls so that the application can verify origin and
 * time: HMAC-SHA256 (RFC 2104) over the time, a full stop and the body.
 *
 * Owner:   nothing is owned.
 * Thread:  any.
 * Limits:  none.
 * Failure: false if the library is out of memory.
 */
#ifndef PEAL_HOOKS_HOOK_SIGNATURE_H
#define PEAL_HOOKS_HOOK_SIGNATURE_H

#include "base/bytes.h"

enum { HOOK_SIGNATURE_LEN = 64 };

/* Writes hexadecimal digits, zero-terminated. */
bool hook_signature_make(const char *secret, const char *time,
                         struct bytes body, char out[HOOK_SIGNATURE_LEN + 1]);

/* The same over only the body, as Pusher signs webhooks. */
bool hook_signature_of_body(const char *secret, struct bytes body,
                            char out[HOOK_SIGNATURE_LEN + 1]);

#endif
