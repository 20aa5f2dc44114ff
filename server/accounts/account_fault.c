#include "accounts/account_fault.h"

/* An unknown email gets the answer of a wrong password. */
static const struct account_fault_info infos[ACCOUNT_FAULTS] = {
    [ACCOUNT_OK] = {"ok", 200, ""},
    [ACCOUNT_EMAIL_TAKEN] = {"email_taken", 400, "Email already registered"},
    [ACCOUNT_NOT_FOUND] = {"not_found", 404, "User not found"},
    [ACCOUNT_WRONG_LOGIN] = {"wrong_login", 401, "Incorrect email or password"},
    [ACCOUNT_WRONG_PASSWORD] = {"wrong_password", 400, "Incorrect password"},
    [ACCOUNT_DISABLED] = {"disabled", 403, "The account is disabled"},
    [ACCOUNT_BAD_REFRESH_TOKEN] = {"bad_refresh_token", 401,
                                   "Invalid refresh token"},
    [ACCOUNT_TOO_MANY_ATTEMPTS] = {"too_many_attempts", 429,
                                   "Too many attempts"},
    [ACCOUNT_BUSY] = {"busy", 503,
                      "Too many passwords are waiting to be checked"},
    [ACCOUNT_UNAVAILABLE] = {"unavailable", 503,
                             "The account database is unavailable"},
};

const struct account_fault_info *account_fault_info(enum account_fault fault)
{
    return &infos[fault];
}
