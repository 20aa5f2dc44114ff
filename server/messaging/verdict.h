/* verdict: a handshake, its result, and a helper to refuse it.
 *
 * Owner:   the verdict is the caller's.
 * Thread:  any.
 * Limits:  texts are static.
 * Failure: none; verdict_refuse returns false so that a check may end with
 *          `return fits || verdict_refuse(verdict, ...)`.
 */
#ifndef PEAL_MESSAGING_VERDICT_H
#define PEAL_MESSAGING_VERDICT_H

#include <stdbool.h>

#include "base/bytes.h"
#include "messaging/identity.h"
#include "messaging/names.h"
#include "messaging/refusal_reason.h"

/* A client's handshake. All borrowed, empty if absent. */
struct handshake {
    struct bytes method;
    struct bytes path; /* percent-decoded, without the query */
    bool is_parted; /* the match of an endpoint's * contains an unencoded / */
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
    struct bytes certificate_name; /* verified; only if it authenticates */
    bool is_same_origin; /* sent by browsers for pages without an Origin */
    bool is_secure;      /* received over TLS, by Peal or by a proxy */
};

/* The result: status 101 accepts the client; VERDICT_TICKET requires redeeming
 * the ticket and then calling auth_judge_ticket. */
enum { VERDICT_TICKET = 100 };

struct protocol;

struct verdict {
    int status;                      /* or the HTTP status of the refusal */
    enum refusal_reason why;         /* row in the table */
    const char *error;               /* text of the response's body */
    const char *reason;              /* details for explain_refusals, or NULL */
    char detail[128];                /* room for a formatted reason */
    enum close_reason close;         /* close code of an explained refusal */
    const struct protocol *protocol; /* chosen protocol, or NULL */
    char client_id[CLIENT_ID_MAX + 1]; /* empty: unknown yet */
    struct identity identity; /* owned by the caller when status is 101 */
    bool is_origin_judged; /* checked by the endpoint: config `origins` do not
                              apply */
};

/* `reason` adds details to the table's text, or is NULL. */
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
