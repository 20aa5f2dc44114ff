/* common_passwords: the passwords that everybody tries first.
 *
 * What is kept is a fingerprint of each: see make_common_passwords.py.
 *
 * Owner:   the table is static.
 * Thread:  any.
 * Limits:  letters of ASCII count in either case. One in a hundred million
 *          other passwords is taken for a common one.
 * Failure: none.
 */
#ifndef PEAL_ACCOUNTS_COMMON_PASSWORDS_H
#define PEAL_ACCOUNTS_COMMON_PASSWORDS_H

#include <stdbool.h>

#include "base/bytes.h"

bool common_passwords_have(struct bytes password);

#endif
