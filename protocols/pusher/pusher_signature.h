/* pusher_signature: signatures with an app's secret: HMAC-SHA256 in lower-case
 * hexadecimal digits.
 *
 * Owner:   nothing is owned.
 * Thread:  any.
 * Limits:  none.
 * Failure: false for a wrong signature, in constant time.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_SIGNATURE_H
#define PEAL_PROTOCOLS_PUSHER_SIGNATURE_H

#include <stdbool.h>

#include "base/bytes.h"

enum { PUSHER_SIGNATURE_LEN = 64, PUSHER_MD5_LEN = 32 };

/* Signature of concatenated parts. */
bool pusher_signature_is(const char *secret, const struct bytes *parts,
                         size_t count, struct bytes signature);

/* "<key>:<signature>" of a subscription: `data` is empty if the client sent no
 * channel_data. */
bool pusher_auth_is_good(const char *key, const char *secret,
                         const char *socket_id, struct bytes channel,
                         struct bytes data, struct bytes auth);

/* The same, for pusher:signin. */
bool pusher_signin_is_good(const char *key, const char *secret,
                           const char *socket_id, struct bytes data,
                           struct bytes auth);

/* MD5 of a body, as hexadecimal digits. */
bool pusher_md5_is(struct bytes body, struct bytes digits);

#endif
