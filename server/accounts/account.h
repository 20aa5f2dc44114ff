/* account: one user, as stored.
 *
 * Owner:   texts are owned by the struct; account_deinit frees them.
 * Thread:  one at a time.
 * Limits:  ACCOUNT_*_MAX bytes.
 * Failure: account_email_normalize and account_name_is_valid return false.
 */
#ifndef PEAL_ACCOUNTS_ACCOUNT_H
#define PEAL_ACCOUNTS_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

enum {
    ACCOUNT_ID_LEN = 36, /* a UUID: RFC 9562, version 7 */
    ACCOUNT_EMAIL_MAX = 254,
    ACCOUNT_NAME_MAX = 200
};

struct account {
    char id[ACCOUNT_ID_LEN + 1];
    char *email;
    char *name;
    char *password; /* password hash */
    bool is_active;
    uint32_t generation; /* tokens of earlier generations are invalid */
    int64_t created_ms;
};

void account_deinit(struct account *account);

/* A new id. Ids sort by creation time, to a millisecond. */
void account_id_make(int64_t now_ms, char id[ACCOUNT_ID_LEN + 1]);

bool account_id_is_valid(struct bytes id);

/* Whether the text, valid UTF-8, can be an email address. Converts its domain
 * to lower case; the part before the last @ is unchanged. */
bool account_email_normalize(char *email, size_t len);

bool account_name_is_valid(struct bytes name);

#endif
