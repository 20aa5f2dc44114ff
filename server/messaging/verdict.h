/* verdict: a handshake, the answer to it, and how a rule says no.
 *
 * Owner:   the verdict is the caller's.
 * Thread:  any.
 * Limits:  texts are static.
 * Failure: none; verdict_refuse returns false so that a rule may end with
 *          `return fits || verdict_refuse(verdict, ...)`.
 */
#ifndef PEAL_MESSAGING_VERDICT_H
#define PEAL_MESSAGING_VERDICT_H

#include <stdbool.h>

#include "base/bytes.h"
#include "messaging/identity.h"
#include "messaging/names.h"
#include "messaging/refusal_reason.h"

/* What a client asks for. All borrowed, empty where absent. */
struct handshake {
    struct bytes method;
    struct bytes path;    /* percent-decoded, without the query */
    bool is_parted;       /* what stands for an endpoint's * has a / as sent */
    struct bytes version; /* Sec-WebSocket-Version */
    struct bytes key;     /* Sec-WebSocket-Key */
    struct bytes host;
    struct bytes origin;
    struct bytes authorization;
    struct bytes cookie;
    struct bytes subprotocols; /* Sec-WebSocket-Protocol */
    struct bytes query_protocol;
    struct bytes query_ticket;
    struct bytes query_token;
    struct bytes certificate_name; /* verified; only where it counts */
    bool is_same_origin; /* a browser says so of a page that has no Origin */
    bool is_secure;      /* came over TLS, to us or to a proxy */
};

/* The answer: status 101 lets the client in; VERDICT_TICKET says that its
 * ticket must be redeemed, and then auth_judge_ticket asked. */
enum { VERDICT_TICKET = 100 };

struct protocol;

struct verdict {
    int status;              /* or the HTTP status of the refusal */
    enum refusal_reason why; /* its row in the table */
    const char *error;       /* text for the refusal's body */
    const char *reason;      /* more, for explain_refusals; or NULL */
    char detail[128];        /* room for a reason made for this handshake */
    enum close_reason close; /* how an explained refusal is closed */
    const struct protocol *protocol; /* chosen from the table given, or NULL */
    char client_id[CLIENT_ID_MAX + 1]; /* empty: not known yet */
    struct identity identity; /* owned by the caller when status is 101 */
    bool is_origin_judged;    /* by the endpoint: the config does not matter */
};

/* `reason` says more than the table does, or is NULL. */
static inline bool verdict_refuse(struct verdict *verdict,
                                  enum refusal_reason why, const char *reason)
{
    const struct refusal_reason_info *info = refusal_reason_info(why);
    verdict->status = info->status;
    verdict->why = why;
    verdict->error = info->error;
    verdict->reason = reason;
    verdict->close = info->close;
    return false;
}

#endif
