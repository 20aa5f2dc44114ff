/* jwt_signature: verifies and opens a signed token (JWS compact form, RFC
 * 7515), given the allowed keys and algorithms. The payload is not interpreted.
 *
 * Owner:   an opened payload owns its memory until jwt_payload_close.
 * Thread:  any; keys are only read.
 * Limits:  the caller bounds the token's length. Only the header parameter
 *          `kid` selects a key; "crit" is refused.
 * Failure: false, with the reason as a static text.
 */
#ifndef PEAL_AUTH_JWT_SIGNATURE_H
#define PEAL_AUTH_JWT_SIGNATURE_H

#include "auth/jwk.h"
#include "auth/jwt_fault.h"
#include "base/bytes.h"

struct jwt_payload {
    struct bytes text;
    void *native;  /* libcjose's token, which owns the text */
    void *decoded; /* or the text decoded without libcjose */
};

/* `algorithms`: the allowed set. On false, there is nothing to close. */
bool jwt_signature_open(const struct jwk_set *keys, unsigned algorithms,
                        struct bytes token, struct jwt_payload *payload,
                        enum jwt_fault *why);

void jwt_payload_close(struct jwt_payload *payload);

#endif
