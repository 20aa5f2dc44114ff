/* refusal: a handshake answered with no.
 *
 * Owner:   texts are borrowed for the call.
 * Thread:  the reactor's.
 * Limits:  none.
 * Failure: none.
 */
#ifndef PEAL_NET_REFUSAL_H
#define PEAL_NET_REFUSAL_H

#include <stdbool.h>

#include "messaging/refusal_reason.h"

struct protocol;
struct request_head;
struct socket;

/* Why a handshake is refused. */
struct refusal {
    enum refusal_reason why;
    const char *reason;              /* NULL: the table's error says all */
    const struct protocol *protocol; /* chosen, where it can be explained */
    const char *client_id;           /* NULL or empty: not known */
    /* the application's, if it is the one to refuse; or 0 and NULL */
    int status;
    const char *error;
};

/* Answers with it: as a response, after which the connection ends, or, where
 * it can be explained, as a WebSocket that is closed with the reason. While
 * the request is at hand; counts and logs it. Beyond the limit of
 * messaging/refusals.h the response is 429. */
void refusal_give(struct socket *socket, const struct refusal *refusal,
                  const struct request_head *head);

/* The same later, for a socket that has an opening. */
void refusal_give_late(struct socket *socket, const struct refusal *refusal);

#endif
