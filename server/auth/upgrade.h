/* upgrade: the rules a handshake must keep to whoever the client is: method,
 * path, version, key, client id, protocol.
 *
 * Owner:   everything is borrowed.
 * Thread:  any.
 * Limits:  as in names.h.
 * Failure: false, and the refusal in the verdict.
 */
#ifndef PEAL_AUTH_UPGRADE_H
#define PEAL_AUTH_UPGRADE_H

#include "auth/auth.h"

/* What the server speaks. */
struct upgrade_rules {
    const char *const *protocols; /* ended by NULL */
    const char *default_protocol; /* one of them */
};

/* Sets the verdict's client id and protocol. The rules are tried in the order
 * of protocols/README.md. */
bool upgrade_check(const struct upgrade_rules *rules,
                   const struct handshake *handshake, struct verdict *verdict);

/* The protocol of that name, or NULL. */
const char *upgrade_find_protocol(const char *const *protocols,
                                  struct bytes name);

#endif
