/* websocket: moves frames between stream and connection; closing handshake,
 * pings and pongs (RFC 6455 sections 5 and 7).
 *
 * Owner:   nothing; a socket owns its connection.
 * Thread:  the reactor's.
 * Limits:  see connection.h.
 * Failure: protocol errors close the connection with the matching code.
 */
#ifndef PEAL_NET_WEBSOCKET_H
#define PEAL_NET_WEBSOCKET_H

#include <stddef.h>

#include "base/bytes.h"

struct opening;
struct socket;
struct transport;

extern const struct transport websocket_transport;

/* Sends the 101 for the socket's opening, which it frees; frames follow. Opens
 * the connection or, without one, closes with the refusal. */
void websocket_accept(struct socket *socket);

/* Call when the socket is writable. */
void websocket_on_writable(struct socket *socket);

#endif
