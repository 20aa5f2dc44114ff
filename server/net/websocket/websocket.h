/* websocket: frames from the stream to the connection, and the connection's
 * frames to the stream; the closing handshake, pings and pongs (RFC 6455
 * sections 5 and 7).
 *
 * Owner:   nothing; a socket owns its connection.
 * Thread:  the reactor's.
 * Limits:  see connection.h.
 * Failure: a peer that breaks the rules is closed with the code that says so.
 */
#ifndef PEAL_NET_WEBSOCKET_H
#define PEAL_NET_WEBSOCKET_H

#include <stddef.h>

#include "base/bytes.h"

struct opening;
struct socket;
struct transport;

extern const struct transport websocket_transport;

/* Sends the 101 for the socket's opening, which it frees; from here on come
 * frames. Opens the connection, or, where there is none, closes with the
 * refusal. */
void websocket_accept(struct socket *socket);

/* The socket takes more. */
void websocket_on_writable(struct socket *socket);

#endif
