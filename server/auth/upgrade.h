/* upgrade: checks of a handshake that do not depend on credentials: method,
 * path, WebSocket version and key, client id, protocol.
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

/* The server's protocols. */
struct upgrade_rules {
    const struct protocol *const *protocols; /* NULL-terminated */
    const char *default_protocol;            /* the name of one of them */
};

/* Sets the verdict's client id and protocol, as read by the path's endpoint.
 * Rules apply in the order of protocols/websocket.md. */
bool upgrade_check(const struct upgrade_rules *rules,
                   const struct handshake *handshake, struct verdict *verdict);

/* Whether a protocol of that name may be the default protocol. */
bool upgrade_may_be_default(const struct upgrade_rules *rules,
                            const char *name);

#endif
