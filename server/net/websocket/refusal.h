/* refusal: refuses handshakes.
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

/* The reason of a refused handshake. */
struct refusal {
    enum refusal_reason why;
    const char *reason;              /* NULL: only the table's error */
    const struct protocol *protocol; /* protocol, if it can be explained */
    const char *client_id;           /* NULL or empty: unknown */
    /* the application's, if it refused; or 0 and NULL */
    int status;
    const char *error;
};

/* Sends the refusal: as a response, after which the connection ends, or, if it
 * can be explained, as a WebSocket that is closed with the reason. Call while
 * the request is available; counts and logs the refusal. Beyond the limit of
 * messaging/refusals.h the response is 429. */
void refusal_give(struct socket *socket, const struct refusal *refusal,
                  const struct request_head *head);

/* The same later, for a socket with an opening. */
void refusal_give_late(struct socket *socket, const struct refusal *refusal);

#endif
