#include "auth/jwt_fault.h"

#include <stddef.h>

static const char *const texts[JWT_FAULT_COUNT] = {
    [JWT_GOOD] = NULL,
    [JWT_MALFORMED] = "malformed",
    [JWT_MALFORMED_HEADER] = "malformed header",
    [JWT_UNKNOWN_CRITICAL_HEADER] = "unknown critical header",
    [JWT_UNKNOWN_KEY] = "unknown key",
    [JWT_NO_KEY_FITS_ALGORITHM] = "no key fits the algorithm",
    [JWT_BAD_SIGNATURE] = "bad signature",
    [JWT_ALGORITHM_NOT_ALLOWED] = "algorithm not allowed",
    [JWT_MALFORMED_CLAIMS] = "malformed claims",
    [JWT_SUB_MISSING] = "sub is missing",
    [JWT_SUB_NOT_CLIENT_ID] = "sub is not a client id",
    [JWT_CLAIM_MISSING] = "the claim named by auth.client_claim is missing",
    [JWT_CLAIM_NOT_CLIENT_ID] =
        "the claim named by auth.client_claim is not a client id",
    [JWT_EXP_MISSING] = "exp is missing",
    [JWT_EXP_NOT_DATE] = "exp is not a date",
    [JWT_EXPIRED] = "expired",
    [JWT_NBF_NOT_DATE] = "nbf is not a date",
    [JWT_NOT_YET_VALID] = "not yet valid",
    [JWT_IAT_NOT_DATE] = "iat is not a date",
    [JWT_WRONG_AUDIENCE] = "wrong audience",
    [JWT_WRONG_ISSUER] = "wrong issuer",
    [JWT_BAD_INFO] = "bad info",
    [JWT_BAD_CAPS] = "bad caps",
};

const char *jwt_fault_text(enum jwt_fault fault)
{
    return texts[fault];
}
