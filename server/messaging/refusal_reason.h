/* refusal_reason: the table of reasons for refusing a handshake, an API
 * request, a new token or a client operation.
 *
 * Owner:   the table is static.
 * Thread:  any.
 * Limits:  none.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_REFUSAL_REASON_H
#define PEAL_MESSAGING_REFUSAL_REASON_H

#include "messaging/close_reason.h"

enum refusal_reason {
    REFUSAL_NONE, /* not refused */
    REFUSAL_METHOD,
    REFUSAL_PATH,
    REFUSAL_VERSION,
    REFUSAL_KEY,
    REFUSAL_CLIENT_ID,
    REFUSAL_PROTOCOL,
    REFUSAL_HOST,
    REFUSAL_ORIGIN,
    REFUSAL_CERTIFICATE_MISSING,
    REFUSAL_CERTIFICATE_CLIENT,
    REFUSAL_TOKEN_MISSING,
    REFUSAL_TOKEN_INVALID,
    REFUSAL_TOKEN_EXPIRED,
    REFUSAL_TOKEN_CLIENT,
    REFUSAL_TICKET_MISSING,
    REFUSAL_TICKET_INVALID,
    REFUSAL_TICKET_CLIENT,
    REFUSAL_DASHBOARD,
    REFUSAL_LISTENER,
    REFUSAL_APPLICATION,
    REFUSAL_NO_ANSWER,
    REFUSAL_UNAVAILABLE,
    REFUSAL_DRAINING,
    REFUSAL_FULL,
    REFUSAL_MEMORY,
    REFUSAL_ADDRESS_LIMIT,
    REFUSAL_CLIENT_LIMIT,
    REFUSAL_RATE,
    REFUSAL_BANNED,
    REFUSAL_API_OFF,
    REFUSAL_API_KEY_MISSING,
    REFUSAL_API_KEY_UNKNOWN,
    REFUSAL_API_SCOPE,
    REFUSAL_API_REACH,
    REFUSAL_API_RATE,
    REFUSAL_FORBIDDEN,
    REFUSAL_REASON_COUNT
};

/* Kinds of refusals; each has its own counter. */
enum refusal_kind {
    REFUSED_HANDSHAKE,
    REFUSED_API_REQUEST,
    REFUSED_REFRESH,
    REFUSED_OPERATION,
    REFUSAL_KIND_COUNT
};

struct refusal_reason_info {
    const char *name;  /* name in logs and metrics */
    unsigned kinds;    /* where it occurs: one bit per kind */
    int status;        /* HTTP status; the application may choose another */
    const char *error; /* in the response's body */
    enum close_reason close; /* CLOSE_NONE: not explained by a close frame */
};

const struct refusal_reason_info *
refusal_reason_info(enum refusal_reason reason);

/* Whether the reason applies to the kind. */
bool refusal_reason_fits(enum refusal_reason reason, enum refusal_kind kind);

#endif
