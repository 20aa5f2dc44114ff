/* account_fault: why an account request failed, as a table.
 *
 * Owner:   the table is static.
 * Thread:  any.
 * Limits:  none.
 * Failure: none.
 */
#ifndef PEAL_ACCOUNTS_ACCOUNT_FAULT_H
#define PEAL_ACCOUNTS_ACCOUNT_FAULT_H

enum account_fault {
    ACCOUNT_OK,
    ACCOUNT_EMAIL_TAKEN,
    ACCOUNT_NOT_FOUND,
    ACCOUNT_WRONG_LOGIN,
    ACCOUNT_WRONG_PASSWORD,
    ACCOUNT_DISABLED,
    ACCOUNT_BAD_REFRESH_TOKEN,
    ACCOUNT_TOO_MANY_ATTEMPTS,
    ACCOUNT_BUSY,
    ACCOUNT_UNAVAILABLE,
    ACCOUNT_FAULTS
};

struct account_fault_info {
    const char *name; /* name in metrics labels */
    int status;       /* HTTP status */
    const char *error;
};

const struct account_fault_info *account_fault_info(enum account_fault fault);

#endif
