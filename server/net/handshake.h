/* handshake: an upgrade request judged, before libwebsockets upgrades it.
 *
 * Owner:   what it makes goes to the socket.
 * Thread:  the reactor's.
 * Limits:  drain, connections (whole, by address, by client): refused here.
 *          What must be asked first, see admission.h, takes as long.
 * Failure: a refusal is a whole HTTP response, written here; with
 *          explain_refusals it is a WebSocket closed with the reason.
 */
#ifndef PEAL_NET_HANDSHAKE_H
#define PEAL_NET_HANDSHAKE_H

#include <stddef.h>

#include "base/bytes.h"
#include "messaging/close_reason.h"

struct socket;

/* What a socket needs to know between its upgrade and its opening. */
struct opening {
    const char *protocol; /* the name chosen */
    /* a refusal to be explained: set when there is no connection */
    enum close_reason refusal;
    const char *reason; /* stands in `text` */
    /* the channels asked for; the names stand in `text` */
    struct bytes *channels;
    size_t channel_count;
    char text[];
};

/* True: the upgrade may go on, and socket->opening is set. False: a response
 * was written, and the socket must be closed. */
bool handshake_judge(struct socket *socket);

/* NULL is ignored. */
void opening_free(struct opening *opening);

#endif
