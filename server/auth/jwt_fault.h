/* jwt_fault: reasons for refusing a token.
 *
 * Owner:   the texts are static.
 * Thread:  any.
 * Limits:  none.
 * Failure: none.
 */
#ifndef PEAL_AUTH_JWT_FAULT_H
#define PEAL_AUTH_JWT_FAULT_H

enum jwt_fault {
    JWT_GOOD,
    JWT_MALFORMED,
    JWT_MALFORMED_HEADER,
    JWT_UNKNOWN_CRITICAL_HEADER,
    JWT_UNKNOWN_KEY,
    JWT_NO_KEY_FITS_ALGORITHM,
    JWT_BAD_SIGNATURE,
    JWT_ALGORITHM_NOT_ALLOWED,
    JWT_MALFORMED_CLAIMS,
    JWT_SUB_MISSING,
    JWT_SUB_NOT_CLIENT_ID,
    JWT_CLAIM_MISSING,
    JWT_CLAIM_NOT_CLIENT_ID,
    JWT_EXP_MISSING,
    JWT_EXP_NOT_DATE,
    JWT_EXPIRED,
    JWT_NBF_NOT_DATE,
    JWT_NOT_YET_VALID,
    JWT_IAT_NOT_DATE,
    JWT_WRONG_AUDIENCE,
    JWT_WRONG_ISSUER,
    JWT_BAD_INFO,
    JWT_BAD_CAPS,
    JWT_FAULT_COUNT
};

/* The reason as sent to the client; NULL for JWT_GOOD. */
const char *jwt_fault_text(enum jwt_fault fault);

#endif
