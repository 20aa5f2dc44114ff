/* hook_signature: how the application knows that a call is ours, and fresh:
 * HMAC-SHA256 (RFC 2104) over the time, a full stop and the body.
 *
 * Owner:   nothing is owned.
 * Thread:  any.
 * Limits:  none.
 * Failure: a library that cannot do HMAC-SHA256 ends the process.
 */
#ifndef PEAL_HOOKS_HOOK_SIGNATURE_H
#define PEAL_HOOKS_HOOK_SIGNATURE_H

#include "base/bytes.h"

enum { HOOK_SIGNATURE_LEN = 64 };

/* As hexadecimal digits, and a zero. */
void hook_signature_make(const char *secret, const char *time,
                         struct bytes body, char out[HOOK_SIGNATURE_LEN + 1]);

#endif
