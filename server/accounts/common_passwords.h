/* common_passwords: the most common passwords, which are refused.
 *
 * Only a fingerprint of each is kept: see make_common_passwords.py.
 *
 * Owner:   the table is static.
 * Thread:  any.
 * Limits:  ASCII letters match in either case. One in a hundred million other
 *          passwords is wrongly refused.
 * Failure: none.
 */
#ifndef PEAL_ACCOUNTS_COMMON_PASSWORDS_H
#define PEAL_ACCOUNTS_COMMON_PASSWORDS_H

#include <stdbool.h>

#include "base/bytes.h"

bool common_passwords_have(struct bytes password);

#endif
