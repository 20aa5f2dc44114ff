/* jwt: JSON Web Tokens (RFC 7519), read and made.
 *
 * Owner:   rules borrow; claims own their caps; a new token goes into the
 *          caller's buffer.
 * Thread:  any; keys and rules are only read.
 * Limits:  a client id as in names.h, as a string or a whole number; dates
 *          within the years 1 to 9999.
 * Failure: false, with the reason as a static text (jwt_verify) or in the error
 *          (jwt_sign).
 */
#ifndef PEAL_AUTH_JWT_H
#define PEAL_AUTH_JWT_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/jwk.h"
#include "auth/jwt_fault.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "messaging/identity.h"
#include "messaging/names.h"

/* The longest audience or issuer, and the longest name of a claim. */
enum { JWT_NAME_MAX = 1023, JWT_CLAIM_MAX = JSON_NAME_MAX };

/* Whether the claim already has a meaning other than the client id. */
bool jwt_claim_is_taken(const char *claim);

/* Rules for valid tokens. */
struct jwt_rules {
    unsigned algorithms;      /* a set, see jwt_algorithm.h */
    const char *audience;     /* NULL: not checked */
    const char *issuer;       /* NULL: not checked */
    const char *client_claim; /* claim with the client id; NULL: sub */
    uint32_t leeway_seconds;  /* tolerated clock difference */
};

/* The claims of a token. */
struct jwt_claims {
    char subject[CLIENT_ID_MAX + 1]; /* the client id */
    int64_t expires_seconds;         /* when it expires, leeway included */
    struct caps *caps;               /* owned; NULL if absent */
    char *info;                      /* the same; see info.h */
    uint32_t generation; /* token generation of the account; 0: none */
};

/* `now_seconds` since 1970. On false, `claims` owns nothing. */
bool jwt_verify(const struct jwk_set *keys, const struct jwt_rules *rules,
                struct bytes token, int64_t now_seconds,
                struct jwt_claims *claims, enum jwt_fault *why);

/* The second half of jwt_verify: checks and reads a payload whose signature is
 * valid. */
bool jwt_claims_read(struct bytes payload, const struct jwt_rules *rules,
                     int64_t now_seconds, struct jwt_claims *claims,
                     enum jwt_fault *why);

/* Frees what the claims own. */
void jwt_claims_deinit(struct jwt_claims *claims);

/* The claims of a new token. Texts are valid UTF-8. */
struct jwt_content {
    const char *subject;
    const char *client_claim; /* claim with the client id; NULL: sub */
    int64_t issued_seconds;
    int64_t expires_seconds;
    const char *audience; /* NULL: omitted */
    const char *issuer;   /* NULL: omitted */
    const char *caps;     /* JSON; NULL: omitted */
    const char *info;     /* the same */
    uint32_t generation;  /* 0: omitted */
};

/* Appends a token signed with the first key of `keys`, with the first algorithm
 * in the table that the key supports. */
bool jwt_sign(const struct jwk_set *keys, const struct jwt_content *content,
              struct buffer *out, struct error *error);

#endif
