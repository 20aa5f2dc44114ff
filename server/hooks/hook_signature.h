/* hook_signature: how the application knows that a call is ours, and fresh:
 * HMAC-SHA256 (RFC 2104) over the time, a full stop and the body.
 *
 * Owner:   nothing is owned.
 * Thread:  any.
 * Limits:  none.
 * Failure: false when the library has no memory.
 */
#ifndef PEAL_HOOKS_HOOK_SIGNATURE_H
#define PEAL_HOOKS_HOOK_SIGNATURE_H

#include "base/bytes.h"

enum { HOOK_SIGNATURE_LEN = 64 };

/* Writes it as hexadecimal digits, and a zero. */
bool hook_signature_make(const char *secret, const char *time,
                         struct bytes body, char out[HOOK_SIGNATURE_LEN + 1]);

/* The same of the body alone, as Pusher signs its webhooks. */
bool hook_signature_of_body(const char *secret, struct bytes body,
                            char out[HOOK_SIGNATURE_LEN + 1]);

#endif
