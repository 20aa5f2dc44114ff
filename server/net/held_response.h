/* held_response: what libwebsockets answers to an upgrade, kept until it is
 * known whether the client may come in.
 *
 * libwebsockets decides at once; whether a ticket is good the bus says later.
 * So it upgrades, as it sees things, while the client has heard nothing yet:
 * then it hears either that, or a refusal as plain HTTP.
 *
 * Owner:   the socket.
 * Thread:  the reactor's.
 * Limits:  one response; what else libwebsockets writes meanwhile is dropped.
 * Failure: held_response_release: false when the socket is dead.
 */
#ifndef PEAL_NET_HELD_RESPONSE_H
#define PEAL_NET_HELD_RESPONSE_H

#include <stdbool.h>

#include "base/bytes.h"

struct held_response;
struct lws;
struct socket;

/* Writes frames as they are, without asking whether anything is held: for
 * connections, where nothing is. Below 0 when the socket is dead. */
int held_response_pass(struct lws *wsi, struct bytes frames);

void held_response_begin(struct socket *socket);

/* Writes it. */
bool held_response_release(struct socket *socket);

/* Forgets it, if there is one; what is written now is written. */
void held_response_drop(struct socket *socket);

#endif
