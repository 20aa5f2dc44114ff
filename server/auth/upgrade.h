/* upgrade: the rules a handshake must keep to whoever the client is: method,
 * path, for WebSockets version and key, client id, protocol.
 *
 * Owner:   everything is borrowed.
 * Thread:  any.
 * Limits:  as in names.h.
 * Failure: false, and the refusal in the verdict.
 */
#ifndef PEAL_AUTH_UPGRADE_H
#define PEAL_AUTH_UPGRADE_H

#include "messaging/protocol.h"
#include "messaging/verdict.h"

/* What the server speaks. */
struct upgrade_rules {
    const struct protocol *const *protocols; /* ended by NULL */
    const char *default_protocol;            /* the name of one of them */
};

/* Sets the verdict's client id and protocol, as the path's endpoint reads them.
 * The rules are tried in the order
 * of protocols/websocket.md. */
bool upgrade_check(const struct upgrade_rules *rules,
                   const struct handshake *handshake, struct verdict *verdict);

/* Whether any endpoint has a protocol of that name which clients may use
 * without naming it. */
bool upgrade_may_be_default(const struct upgrade_rules *rules,
                            const char *name);

#endif
