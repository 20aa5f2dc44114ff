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

#include "messaging/close_reason.h"

struct socket;

/* Why a handshake is refused. */
struct refusal {
    int status;
    const char *error;
    const char *reason;      /* NULL: the error says all */
    enum close_reason close; /* CLOSE_NONE: cannot be explained */
    const char *protocol;    /* chosen, where it can be explained */
};

/* Within the upgrade's event: false when the response is written, true when
 * the upgrade goes on, to be closed with the reason. */
bool refusal_give(struct socket *socket, const struct refusal *refusal);

/* The parts of that, for a refusal that comes later: it is counted; whether it
 * can be explained, so that the socket's opening says how it will be closed;
 * and the response. */
void refusal_count(struct socket *socket, const struct refusal *refusal);
bool refusal_explain(struct socket *socket, const struct refusal *refusal);
void refusal_write(struct socket *socket, const struct refusal *refusal);

#endif
